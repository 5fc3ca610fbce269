import type { EnginePlan, Flow, Peer, Plan, PoolPlan } from "../planning/types.ts";
import { commandLine } from "./plan-command.ts";
import { color, table, type Column, type Style } from "./terminal.ts";

const RIGHT = "right" as const;

/** A plan for people: what will run where, why it fits, what it costs, who may talk to whom, and what to mind. */
export function showPlan(plan: Plan): string {
  const sections = [
    heading(plan),
    models(plan.engines),
    ...plan.engines.map(engine),
    pools(plan.pools),
    routers(plan),
    entrance(plan),
    cost(plan),
    flows(plan.flows),
    warnings(plan),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function title(text: string): string {
  return color("bold", text);
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n");
}

function section(name: string, rows: readonly (readonly string[])[], columns: readonly Column[]): string {
  return rows.length === 0 ? "" : `${title(name)}\n${indent(table(rows, columns))}`;
}

function heading({ environment, namespace, cluster }: Plan): string {
  const where = cluster.context === null ? "" : `, context ${cluster.context}`;
  return `${title(`Environment ${environment}`)}: cluster ${cluster.provider}${where}, namespace ${namespace}`;
}

const VERDICTS: Readonly<Record<"fits" | "tight" | "doesNotFit", readonly [text: string, style: Style]>> = {
  fits: ["fits", "green"],
  tight: ["fits tightly", "yellow"],
  doesNotFit: ["does not fit", "red"],
};

function verdictOf({ fit }: EnginePlan): string {
  if (fit === null) return "–";
  const [text, style] = VERDICTS[fit.verdict];
  return color(style, text);
}

function models(engines: readonly EnginePlan[]): string {
  const rows = engines.map((plan) => [
    plan.model,
    plan.servedName,
    plan.runtime,
    String(plan.workload.replicas),
    plan.gpusPerReplica === 0 ? "–" : `${plan.gpusPerReplica} of ${plan.pool ?? ""}`,
    count(plan.maxModelLength),
    verdictOf(plan),
    plan.fit?.figures === undefined ? "–" : count(plan.fit.figures.kvTokens),
    plan.fit?.figures === undefined ? "–" : plan.fit.figures.concurrency.toFixed(1),
    plan.start === null ? "–" : minutes(plan.start.seconds),
  ]);
  return section("Models", rows, [
    { title: "model" },
    { title: "served as" },
    { title: "runtime" },
    { title: "engines", align: RIGHT },
    { title: "GPUs each", align: RIGHT },
    { title: "tokens", align: RIGHT },
    { title: "verdict" },
    { title: "KV tokens", align: RIGHT },
    { title: "requests at once", align: RIGHT },
    { title: "ready in", align: RIGHT },
  ]);
}

function engine(plan: EnginePlan): string {
  const { pod } = plan.workload;
  const { requests } = pod.resources;
  const lines = [
    `${title(plan.model)}  ${pod.image}`,
    ...(plan.fit === null || plan.fit.rows.length === 0 ? [] : ["", indent(arithmetic(plan.fit)), ""]),
    `  each engine: ${requests.cpu ?? ""} CPU, ${requests.memory ?? ""} memory${disk(requests["ephemeral-storage"])}; ${start(plan)}`,
    `  a stop: leaves routing ${pod.preStopSeconds} s before it ends, running requests get ${pod.terminationGracePeriodSeconds - pod.preStopSeconds - 15} s; ${rollout(plan)}`,
    ...(plan.cache === null ? [] : [`  LMCache: ${cache(plan.cache)}`]),
    "",
    indent(commandLine(pod.command ?? [])),
    "",
    indent(table(pod.env.map(variable), [{ title: "variable" }, { title: "value" }])),
  ];
  return lines.join("\n");
}

function arithmetic(fit: NonNullable<EnginePlan["fit"]>): string {
  const rows = fit.rows.map(({ label, gib, note }) => [label, gib.toFixed(2), note ?? ""]);
  const change = fit.change === undefined ? "" : `\nmore room: ${fit.change.text}`;
  return `${table(rows, [{ title: "on each GPU" }, { title: "GiB", align: RIGHT }, { title: "" }])}${change}`;
}

function disk(size: string | undefined): string {
  return size === undefined ? "" : `, ${size} of the node's disk`;
}

function start({ start: prediction, workload }: EnginePlan): string {
  const { startup } = workload.pod.probes;
  const given = startup === undefined ? 0 : startup.periodSeconds * startup.failureThreshold;
  if (prediction === null) return `it gets ${minutes(given)} to start`;
  const parts = prediction.breakdown.map(({ label, seconds }) => `${label} ${seconds} s`).join(", ");
  return `ready in about ${minutes(prediction.seconds)} (${parts}), it gets ${minutes(given)}`;
}

function rollout({ workload }: EnginePlan): string {
  return workload.rollout.maxSurge === 0
    ? "a change replaces one engine after the other, each after the old one left"
    : "a change starts the new engine before the old one leaves";
}

function cache({ cpuGiBPerGpu, diskGiBPerGpu, server, cpuTokens }: NonNullable<EnginePlan["cache"]>): string {
  const tokens = cpuTokens === null ? "" : ` (${count(cpuTokens)} tokens per engine)`;
  const tiers = [
    ...(cpuGiBPerGpu > 0 ? [`${cpuGiBPerGpu} GiB of memory per GPU${tokens}`] : []),
    ...(diskGiBPerGpu > 0 ? [`${diskGiBPerGpu} GiB of disk per GPU`] : []),
    ...(server === null ? [] : [`server ${server}`]),
  ];
  return tiers.join(", ");
}

function variable(entry: EnginePlan["workload"]["pod"]["env"][number]): readonly string[] {
  if ("value" in entry) return [entry.name, entry.value];
  if ("secret" in entry) return [entry.name, color("dim", `secret ${entry.secret.name}, key ${entry.secret.key}`)];
  return [entry.name, color("dim", `field ${entry.field}`)];
}

function pools(all: readonly PoolPlan[]): string {
  const rows = all.map((pool) => [
    pool.name,
    pool.accelerator,
    pool.nodes === null ? "?" : String(pool.nodes),
    String(pool.gpusPerNode),
    pool.sharedBy === 1 ? "–" : `by ${pool.sharedBy}`,
    pool.nodes === null
      ? String(pool.gpusRequested)
      : `${pool.gpusRequested} of ${pool.nodes * pool.gpusPerNode * pool.sharedBy}`,
    pool.devicePluginOwner === "stack" ? "this stack" : "the cluster",
    Object.entries(pool.nodeSelector)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  ]);
  return section("GPU pools", rows, [
    { title: "pool" },
    { title: "GPU" },
    { title: "nodes", align: RIGHT },
    { title: "GPUs per node", align: RIGHT },
    { title: "shared" },
    { title: "GPUs asked for", align: RIGHT },
    { title: "device plugin" },
    { title: "nodes with" },
  ]);
}

function routers(plan: Plan): string {
  const rows = plan.routers.map((router) => [
    router.model,
    router.implementation,
    router.policy,
    router.replicasReason,
    router.address,
  ]);
  return section("Routers", rows, [
    { title: "model" },
    { title: "implementation" },
    { title: "policy" },
    { title: "replicas" },
    { title: "address" },
  ]);
}

function entrance({ front, cacheServer, observability }: Plan): string {
  const keys =
    front.keys.length === 0
      ? "open to everybody in the cluster"
      : `keys ${front.keys
          .map(({ name, requestsPerMinute }) =>
            requestsPerMinute === null ? name : `${name} (${requestsPerMinute} requests a minute)`,
          )
          .join(", ")}`;
  const rows = [
    ["front", `${front.endpoint}, ${front.workload.replicas} pods, ${keys}`],
    ...(cacheServer === null
      ? []
      : [["cache server", `${cacheServer.name}, ${cacheServer.pod.resources.limits.memory ?? ""} of memory`]]),
    ["Prometheus", observability?.prometheusUrl ?? "none"],
    ["Grafana", observability?.grafanaUrl ?? "none"],
  ];
  return section("Entrance and observability", rows, [{ title: "part" }, { title: "" }]);
}

function cost({ cost: { lines, perHour, unpriced, budgetPerHour } }: Plan): string {
  const rows = lines.map((line) => [line.what, dollars(line.perHour), line.note]);
  const sum = perHour === null ? "unpriced" : `${dollars(perHour)} per hour`;
  const without = perHour !== null && unpriced.length > 0 ? `, without ${unpriced.join(", ")}` : "";
  const budget = budgetPerHour === null ? "" : `, budget ${dollars(budgetPerHour)}`;
  const total = `  in all: ${sum}${without}${budget}`;
  const shown = section("Cost", rows, [{ title: "what" }, { title: "per hour", align: RIGHT }, { title: "" }]);
  return shown === "" ? "" : `${shown}\n${total}`;
}

function dollars(amount: number | null): string {
  return amount === null ? "?" : `$${amount.toFixed(2)}`;
}

function flows(all: readonly Flow[]): string {
  const rows = all.map(({ from, to, ports, reason }) => [peer(from), peer(to), ports.join(", "), reason]);
  return section("Who may talk to whom (everything else is denied)", rows, [
    { title: "from" },
    { title: "to" },
    { title: "ports" },
    { title: "why" },
  ]);
}

function peer(end: Peer): string {
  switch (end.kind) {
    case "pods":
      return end.label;
    case "cluster":
      return "pods of the cluster";
    case "dns":
      return "DNS";
    case "internet":
      return "internet";
    case "apiServer":
      return "Kubernetes API";
  }
}

function warnings(plan: Plan): string {
  if (plan.warnings.length === 0) return color("green", "No warnings.");
  const lines = plan.warnings.map(({ path, text }) => `  ${color("yellow", path)}: ${text}`);
  return `${title(`Warnings (${plan.warnings.length})`)}\n${lines.join("\n")}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
