import levenshtein from "fastest-levenshtein";

/**
 * The candidate a mistyped word most likely meant, for "did you mean" in messages.
 * Case is ignored; words that differ in more than about a third of their letters are no suggestion.
 */
export function closestTo(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = levenshtein.distance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** ` Did you mean "x"?` with a leading space, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const best = closestTo(word, candidates);
  return best === undefined ? "" : ` Did you mean "${best}"?`;
}
