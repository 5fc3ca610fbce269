import { isList, isProperties, sameValue, type Properties, type Value } from "../clouds/values.ts";

/**
 * The inputs as they would have to be to describe what exists: where the live object no longer has what applying the inputs
 * gives, the live value stands. Compared is the outcome of applying and not the inputs themselves, so that defaults, rounded
 * quantities and fields of controllers are no drift; and only fields the inputs have are looked at.
 * @param inputs what was applied last
 * @param applied the object that applying the inputs now would give
 * @param live the object that exists
 */
export function driftedInputs(inputs: Properties, applied: Properties, live: Properties): Properties {
  const drifted = Object.entries(inputs).flatMap(([name, input]) => {
    const value = driftedValue(input, applied[name], live[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(drifted);
}

function driftedValue(input: Value, applied: Value | undefined, live: Value | undefined): Value | undefined {
  // A field the server doesn't keep, like the stringData of a Secret, can't be compared.
  if (applied === undefined || sameValue(applied, live)) return input;
  if (isProperties(input) && isProperties(applied) && isProperties(live)) return driftedInputs(input, applied, live);
  if (
    isList(input) &&
    isList(applied) &&
    isList(live) &&
    input.length === applied.length &&
    input.length === live.length
  ) {
    return input.map((item, index) => driftedValue(item, applied[index], live[index]) ?? null);
  }
  return live;
}
