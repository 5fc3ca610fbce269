import type { Environment } from "../environments/schema/environment.ts";
import { NO_FINDINGS, refused, type Findings } from "./findings.ts";
import type { CostPlan, PoolPlan } from "./types.ts";

/**
 * US dollars per hour of the nodes the stack runs on. On a cluster that exists already nothing is bought: the price is
 * what the environment says its nodes cost, times the nodes the pool has or, if that is unknown, the engines need.
 */
export function planCost(environment: Environment, pools: readonly PoolPlan[]): Findings & { readonly cost: CostPlan } {
  const lines = pools.map(poolLine);
  const priced = lines.flatMap((line) => (line.perHour === null ? [] : [line.perHour]));
  const unpriced = lines.filter((line) => line.perHour === null).map((line) => line.what);
  const perHour = priced.length === 0 ? null : cents(priced.reduce((sum, price) => sum + price, 0));
  const budgetPerHour = environment.budget?.maxPerHour ?? null;
  return { cost: { lines, perHour, unpriced, budgetPerHour }, ...checkBudget(perHour, budgetPerHour, unpriced) };
}

function poolLine(pool: PoolPlan): CostPlan["lines"][number] {
  const what = `GPU pool ${pool.name}`;
  const nodes = pool.nodes ?? Math.ceil(pool.gpusRequested / (pool.gpusPerNode * pool.sharedBy));
  const count = `${nodes} ${nodes === 1 ? "node" : "nodes"}${pool.nodes === null ? " needed" : ""}`;
  if (pool.pricePerNodeHour === null) {
    return { what, perHour: null, note: `${count}, price unknown: set pricePerNodeHour of the pool` };
  }
  return { what, perHour: cents(nodes * pool.pricePerNodeHour), note: `${count} at $${pool.pricePerNodeHour}` };
}

function checkBudget(perHour: number | null, budget: number | null, unpriced: readonly string[]): Findings {
  if (budget === null) return NO_FINDINGS;
  if (perHour !== null && perHour > budget) {
    return refused(
      "budget.maxPerHour",
      budget,
      `is less than the $${perHour} per hour the GPU pools cost`,
      `Raise it by $${cents(perHour - budget)}, or use fewer or smaller nodes.`,
    );
  }
  if (unpriced.length === 0) return NO_FINDINGS;
  const text = `The budget of $${budget} per hour can't be checked in full: ${unpriced.join(", ")} has no price. Set pricePerNodeHour.`;
  return { problems: [], warnings: [{ path: "budget.maxPerHour", text }] };
}

/** Whole cents, so that sums of prices print as people write them. */
function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
