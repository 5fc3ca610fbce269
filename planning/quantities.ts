const UNITS: Readonly<Record<string, number>> = { Ki: 2 ** -20, Mi: 2 ** -10, Gi: 1, Ti: 2 ** 10 };

/**
 * GiB of a Kubernetes quantity of memory or storage in binary units (`"512Mi"` → 0.5).
 *
 * @throws if the text is no such quantity; environments are checked by their schema before
 */
export function gibOf(quantity: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti)$/.exec(quantity);
  const unit = UNITS[match?.[2] ?? ""];
  if (match?.[1] === undefined || unit === undefined) throw new Error(`${quantity} is not a quantity such as 16Gi`);
  return Number(match[1]) * unit;
}

/** A Kubernetes quantity that is at least so many GiB: whole GiB where possible, else whole MiB, rounded up. */
export function formatGiB(gib: number): string {
  return Number.isInteger(gib) ? `${gib}Gi` : `${Math.ceil(gib * 1024)}Mi`;
}

/**
 * Cores of a Kubernetes quantity of processor time (`"500m"` → 0.5).
 *
 * @throws if the text is no such quantity; environments are checked by their schema before
 */
export function coresOf(quantity: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(m?)$/.exec(quantity);
  if (match?.[1] === undefined) throw new Error(`${quantity} is not a quantity such as 2 or 500m`);
  return Number(match[1]) * (match[2] === "m" ? 0.001 : 1);
}

/** A number of GiB as people read it: one decimal where it matters. */
export function readableGiB(gib: number): string {
  return `${gib >= 100 ? Math.round(gib) : Math.round(gib * 10) / 10} GiB`;
}
