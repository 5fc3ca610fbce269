import { router as routerFacts } from "../../catalog/routers.ts";
import type { Environment, Model, Routing } from "../../environments/schema/environment.ts";
import { API_PORT, formatSelector, namespaceOf, selectorOf } from "../names.ts";

/** What both implementations are told, each in its own words. */
interface RouterSettings {
  readonly namespace: string;
  /** Labels of the engines. */
  readonly selector: Readonly<Record<string, string>>;
  /** Name of the policy in the implementation's words. */
  readonly policy: string;
  readonly routing: Routing;
  readonly requestTimeoutSeconds: number;
  readonly maxBodyMiB: number;
  readonly logLevel: string;
  readonly metricsPort: number;
}

/**
 * Arguments of a model's router: it finds the engines of that model alone, by their labels, and asks them on the one
 * API port.
 *
 * @param metricsPort where it serves metrics, if it lets one choose
 */
export function routerArguments(
  environmentName: string,
  environment: Environment,
  model: Model,
  metricsPort: number,
): string[] {
  const { implementation, requestTimeoutSeconds, logLevel } = environment.router;
  const routing = model.routing ?? environment.router.routing;
  const settings: RouterSettings = {
    namespace: namespaceOf(environmentName),
    selector: selectorOf(environmentName, "engine", model.name),
    policy: routerFacts(implementation).policies[routing.policy]?.value ?? routing.policy,
    routing,
    requestTimeoutSeconds,
    maxBodyMiB: environment.access.maxBodyMiB,
    logLevel,
    metricsPort,
  };
  return implementation === "production-stack" ? productionStack(settings) : vllmRouter(settings);
}

/** It has no flag for a time limit: the front ends a request that gets no token for so long. */
function productionStack(settings: RouterSettings): string[] {
  const { routing } = settings;
  return [
    ...flag("--host", "0.0.0.0"),
    ...flag("--port", API_PORT),
    ...flag("--service-discovery", "k8s"),
    ...flag("--k8s-service-discovery-type", "pod-ip"),
    ...flag("--k8s-namespace", settings.namespace),
    ...flag("--k8s-port", API_PORT),
    ...flag("--k8s-label-selector", formatSelector(settings.selector)),
    ...flag("--routing-logic", settings.policy),
    ...(routing.policy === "session" ? flag("--session-key", routing.sessionKey) : []),
    // Without it a request fails that meets an engine in the seconds before its end is noticed.
    ...flag("--max-instance-failover-reroute-attempts", 1),
    ...flag("--log-level", settings.logLevel),
  ];
}

function vllmRouter(settings: RouterSettings): string[] {
  const { routing } = settings;
  return [
    ...flag("--host", "0.0.0.0"),
    ...flag("--port", API_PORT),
    "--service-discovery",
    "--selector",
    ...formatSelector(settings.selector).split(","),
    ...flag("--service-discovery-port", API_PORT),
    ...flag("--service-discovery-namespace", settings.namespace),
    ...flag("--policy", settings.policy),
    ...(routing.policy === "prefixAware" ? prefixSettings(routing) : []),
    ...flag("--prometheus-host", "0.0.0.0"),
    ...flag("--prometheus-port", settings.metricsPort),
    ...flag("--request-timeout-secs", settings.requestTimeoutSeconds),
    ...flag("--max-payload-size", settings.maxBodyMiB * 2 ** 20),
    // An engine that hangs is left out after twenty seconds; the default is three minutes.
    ...flag("--health-check-interval-secs", 10),
    ...flag("--health-failure-threshold", 2),
    ...flag("--log-level", settings.logLevel),
  ];
}

function prefixSettings(routing: Extract<Routing, { policy: "prefixAware" }>): string[] {
  return [
    ...optional("--cache-threshold", routing.cacheThreshold),
    ...optional("--balance-abs-threshold", routing.balanceAbsoluteThreshold),
    ...optional("--balance-rel-threshold", routing.balanceRelativeThreshold),
  ];
}

function flag(name: string, value: string | number): string[] {
  return [name, String(value)];
}

function optional(name: string, value: number | undefined): string[] {
  return value === undefined ? [] : flag(name, value);
}
