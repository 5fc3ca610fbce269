import { color, widthOf } from "../terminal.ts";
import type { StepTime } from "../progress.ts";
import type { StartOptions } from "./options.ts";
import type { Started } from "./started.ts";

/** Columns the summary keeps to where its words allow. */
const WIDTH = 100;

/** The first line of `npm start`: what will be made where. */
export function announcement({ plan, state }: Pick<StartOptions, "plan" | "state">, where: string): string {
  const models = plan.engines.length === 1 ? "one model" : `${plan.engines.length} models`;
  return hanging("", `Bringing up ${plan.environment}, ${models}, on ${where}. What it keeps is below ${state}`);
}

/** The summary at the end of `npm start`. */
export function summary(started: Started): string {
  const { plan, addresses, proof, context, kubeconfig } = started;
  const { completion, targets } = proof;
  const replicas = (count: number) => (count === 1 ? "1 replica" : `${count} replicas`);
  const models = plan.engines.map(({ servedName, workload }) => `${servedName} (${replicas(workload.replicas)})`);
  const by = completion.engine === null ? "answered" : `answered by ${completion.engine}`;
  const scraped = targets === null ? "" : `, ${targets.up} of ${targets.all} targets up`;
  const rows: (readonly [string, string])[] = [
    ["OpenAI endpoint", addresses.endpoint],
    ["API key", addresses.keyFile ?? "none needed"],
    ["models", models.join(", ")],
    ["asked", `${proof.model}: “${proof.question}”`],
    ["", `“${completion.text.trim()}”`],
    ["", `${by} in ${Math.round(completion.milliseconds)} ms`],
    ["Prometheus", addresses.prometheus === null ? "none" : `${addresses.prometheus}${scraped}`],
    ["kubeconfig", kubeconfig],
    ["context", context],
  ];
  const column = Math.max(...rows.map(([name]) => name.length));
  return [
    "",
    color("bold", `${plan.environment} is up.`),
    ...rows.map(([name, value]) => hanging(`  ${color("dim", name.padEnd(column))}  `, value)),
    ...(started.notes.length === 0 ? [] : ["", color("bold", "Notes")]),
    ...started.notes.map((note) => hanging("  - ", note)),
    "",
    color("bold", "Next"),
    ...started.next.map((command) => command.replaceAll(/^/gm, "  ")),
    "",
  ].join("\n");
}

/** The same for programs, with the times of all steps. */
export function summaryJson(
  { plan, kubeconfig, context, addresses, proof }: Started,
  times: readonly StepTime[],
): object {
  const models = plan.engines.map(({ servedName, workload }) => ({ name: servedName, replicas: workload.replicas }));
  const { targets, completion, ...asked } = proof;
  return {
    environment: plan.environment,
    ...addresses,
    models,
    kubeconfig,
    context,
    asked: { ...asked, ...completion },
    targets,
    times,
  };
}

/** Text after a prefix, broken at blanks so that further lines stand below its beginning. */
export function hanging(prefix: string, text: string, width: number = WIDTH): string {
  const indent = " ".repeat(widthOf(prefix));
  const room = width - indent.length;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((part, index) => (index === 0 ? prefix : indent) + part).join("\n");
}
