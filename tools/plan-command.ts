/** A command as a shell takes it: one flag with its values per line, quoted where a shell would read more into it. */
export function commandLine(words: readonly string[]): string {
  const lines: string[][] = [[]];
  for (const word of words) {
    if (/^--?[A-Za-z]/.test(word)) lines.push([]);
    lines.at(-1)?.push(quote(word));
  }
  return lines
    .filter((line) => line.length > 0)
    .map((line, index) => `${index === 0 ? "" : "  "}${line.join(" ")}`)
    .join(" \\\n");
}

function quote(word: string): string {
  return /^[A-Za-z0-9_./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
