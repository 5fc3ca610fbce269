import { Faults } from "../clouds/faults.ts";
import { ProviderError, type ProviderSession, type SessionContext } from "../clouds/provider.ts";
import { sdkVersion } from "../clouds/sdk-version.ts";
import type { FaultyProvider } from "../clouds/tables.ts";
import { checkSettings, diffSettings } from "./config.ts";
import { kindOfToken, RELEASE } from "./kinds.ts";
import { objectHandler } from "./object-handler.ts";
import { releaseHandler } from "./release.ts";
import { KubernetesSession } from "./session.ts";

/**
 * The stand-in for the published kubernetes provider plugin, where that can't be downloaded: the same resources of
 * `@pulumi/kubernetes` on a real API server, with server-side apply, validation in previews, waiting and drift.
 * It leaves out what a rehearsal doesn't need: rendering to files, charts, lists, patches and client-side apply.
 */
export function kubernetesStandIn(): FaultyProvider {
  return { name: "kubernetes", version: sdkVersion("@pulumi/kubernetes"), faults: new Faults(), connect };
}

function connect(context: SessionContext): ProviderSession {
  const session = new KubernetesSession(context);
  return {
    checkConfig: ({ inputs }) => ({ inputs, failures: checkSettings(inputs) }),
    diffConfig: diffSettings,
    configure: (inputs) => {
      session.configure(inputs);
    },
    resource: (type) => {
      if (type === RELEASE) return releaseHandler;
      return kindOfToken(type) === undefined ? undefined : objectHandler(type, session);
    },
    invoke: ({ token }) => {
      throw new ProviderError(`${token}: functions of the kubernetes provider are not supported in a rehearsal.`);
    },
    construct: ({ type }) => {
      throw new ProviderError(`${type}: components of the kubernetes provider are not supported in a rehearsal.`);
    },
  };
}
