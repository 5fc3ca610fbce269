import type { CheckFailure, ResourceHandler } from "../clouds/provider.ts";
import { isProperties, textAt, UNKNOWN, type Properties } from "../clouds/values.ts";

/** A version that names one chart and not the newest of a range. */
const PINNED = /^v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

/**
 * `helm.sh/v3:Release`: recorded with chart, version and values, so that previews and policies see what would be installed.
 * Nothing is installed, and the output says so.
 */
export const releaseHandler: ResourceHandler = {
  replaceOn: ["name", "namespace"],
  deleteBeforeReplace: true,
  check: ({ inputs, name }) => ({
    inputs: { ...inputs, name: inputs.name ?? name, namespace: inputs.namespace ?? "default" },
    failures: problems(inputs),
  }),
  create: ({ inputs, log }) => {
    log("warning", `${describeRelease(inputs)} is recorded, not installed: the rehearsal has no charts.`);
    return { id: releaseId(inputs), outputs: recorded(inputs, 1) };
  },
  previewCreate: ({ inputs, log }) => {
    log("info", `${describeRelease(inputs)} will be recorded, not installed: the rehearsal has no charts.`);
    return inputs;
  },
  update: ({ inputs, oldOutputs }) => {
    const status = oldOutputs.status;
    const revision = isProperties(status) && typeof status.revision === "number" ? status.revision : 1;
    return { outputs: recorded(inputs, revision + 1) };
  },
};

function problems(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const { chart, version, values } = inputs;
  if (chart !== UNKNOWN && (typeof chart !== "string" || chart === "")) {
    failures.push({ path: ["chart"], reason: "is missing. Name the chart." });
  }
  if (version !== UNKNOWN && (typeof version !== "string" || !PINNED.test(version))) {
    const given = typeof version === "string" ? `"${version}" is no pinned version` : "is missing";
    failures.push({
      path: ["version"],
      reason: `${given}. Pin one, such as 1.2.3: a release must not change by itself.`,
    });
  }
  if (values !== undefined && values !== UNKNOWN && !isProperties(values)) {
    failures.push({ path: ["values"], reason: "must be an object." });
  }
  return failures;
}

function recorded(inputs: Properties, revision: number): Properties {
  const { chart = null, version = null, name = null, namespace = null } = inputs;
  return { ...inputs, status: { chart, version, name, namespace, revision, status: "recorded" }, resourceNames: {} };
}

function releaseId(inputs: Properties): string {
  return `${textAt(inputs, "namespace") ?? "default"}/${textAt(inputs, "name") ?? ""}`;
}

function describeRelease(inputs: Properties): string {
  return `Chart ${textAt(inputs, "chart") ?? "?"} ${textAt(inputs, "version") ?? ""}`.trim();
}
