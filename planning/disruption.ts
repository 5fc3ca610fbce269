import type { WorkloadPlan } from "./types.ts";

/**
 * The disruption budget of so many replicas: a drained node takes one at a time. A single replica has none, because a
 * budget that lets it go says nothing, and one that holds it keeps nodes from being drained.
 */
export function disruptionBudget(replicas: number): WorkloadPlan["disruption"] {
  return replicas > 1 ? { maxUnavailable: 1 } : null;
}
