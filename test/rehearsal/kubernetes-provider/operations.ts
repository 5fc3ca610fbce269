import { Secrets } from "../../../rehearsal/clouds/secrets.ts";
import type { CheckRequest } from "../../../rehearsal/clouds/provider.ts";
import type { Properties } from "../../../rehearsal/clouds/values.ts";

const ignore = () => undefined;

/** A check of inputs as the engine would ask for it. */
export function checkOf(inputs: Properties, oldInputs: Properties = {}, name = "front"): CheckRequest {
  return {
    urn: `urn:pulumi:test::vllm-stack::kubernetes:core/v1:Service::${name}`,
    type: "kubernetes:core/v1:Service",
    name,
    signal: new AbortController().signal,
    secrets: new Secrets(),
    log: ignore,
    status: ignore,
    inputs,
    oldInputs,
    randomSeed: new Uint8Array([1, 2, 3]),
  };
}
