import type { Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { ClassicDashboard } from "./overview.ts";

/** A query of a panel as Prometheus takes it. */
export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
}

/**
 * All queries of a dashboard with variables replaced as Grafana does it.
 *
 * @param variables values by name; default: everything, over one minute
 * @throws Error if a query is left with a variable that has no value
 */
export function queriesOf(
  dashboard: ClassicDashboard,
  variables: Readonly<Record<string, string>> = { namespace: ".*", model: ".*", __rate_interval: "1m" },
): PanelQuery[] {
  const panels = (dashboard.panels ?? []).flatMap((entry) => (isRow(entry) ? entry.panels : [entry]));
  return panels.flatMap((panel) => {
    const title = panel.title ?? `panel ${panel.id ?? "without title"}`;
    return (panel.targets ?? []).map((target) => {
      const expr: unknown = Reflect.get(target, "expr");
      if (typeof expr !== "string") throw new Error(`${title}: its target has no expression`);
      return { panel: title, expr: substitute(title, expr, variables) };
    });
  });
}

/** The dashboard as the file Grafana's provisioning reads; equal dashboards give equal text. */
export function dashboardFile(dashboard: ClassicDashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function isRow(entry: Panel | RowPanel): entry is RowPanel {
  return entry.type === "row";
}

function substitute(title: string, expr: string, variables: Readonly<Record<string, string>>): string {
  return expr.replaceAll(/\$\{?(\w+)\}?/g, (text, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`${title}: ${text} has no value`);
    return value;
  });
}
