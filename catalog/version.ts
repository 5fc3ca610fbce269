/**
 * Order of two release numbers, `0.9.1` before `0.31.0`; a pre-release (`0.5.6rc1`) comes before its release.
 * @returns below 0, 0 or above 0, as a sort function wants it
 */
export function compareVersions(a: string, b: string): number {
  const left = parts(a);
  const right = parts(b);
  for (let index = 0; index < Math.max(left.numbers.length, right.numbers.length); index += 1) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(left.final) - Number(right.final);
}

function parts(version: string): { readonly numbers: readonly number[]; readonly final: boolean } {
  const match = /^v?(\d+(?:\.\d+)*)(.*)$/.exec(version.trim());
  const numbers = (match?.[1] ?? "0").split(".").map(Number);
  return { numbers, final: !/^[-.]?(?:a|b|rc|dev)/.test(match?.[2] ?? "") };
}
