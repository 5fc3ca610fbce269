import { SECRETS } from "../names.ts";

/** Where nginx finds and puts its files. */
export interface FrontPaths {
  /** nginx's module with the JavaScript interpreter. */
  readonly module: string;
  /** Folder of nginx.conf, front.json and front.js. */
  readonly config: string;
  /** Folder with the digests of the API keys. */
  readonly keys: string;
  /** Folder with the key engines ask for. */
  readonly engineKey: string;
  /** Folder for the pid and temporary files, the only one that is written. */
  readonly temporary: string;
  /** File of the access log. */
  readonly log: string;
}

/** The paths in the pod; the module's is the same in nginx's official images and in Debian's packages. */
export const FRONT_PATHS: FrontPaths = {
  module: "/usr/lib/nginx/modules/ngx_http_js_module.so",
  config: "/etc/front",
  keys: "/etc/front-keys",
  engineKey: "/etc/front-engine-key",
  temporary: "/tmp",
  log: "/dev/stdout",
};

/** Port of health and metrics, for the kubelet and Prometheus alone. */
export const FRONT_STATUS_PORT = 8081;

/**
 * Longest time in seconds a connection is used again, those of clients and those to routers. A pod goes on answering
 * for longer than this after it has left its Service (`PRE_STOP_SECONDS`), so that by its end every busy connection has
 * moved to another pod and no request meets one that is being closed.
 */
export const CONNECTION_SECONDS = 5;

/** What the front's files follow from. */
export interface FrontSettings {
  readonly routes: readonly FrontRoute[];
  /** Empty: everybody may use the endpoint. */
  readonly keys: readonly FrontKey[];
  /** Headers that name a session, which the front fills where a client sends none. */
  readonly sessionHeaders: readonly string[];
  readonly maxBodyMiB: number;
  readonly requestTimeoutSeconds: number;
  /** Time running requests get to finish when nginx stops. */
  readonly drainSeconds: number;
}

/** A model and the router that answers for it. */
export interface FrontRoute {
  readonly servedName: string;
  /** Name of the model inside the stack. */
  readonly model: string;
  /** Name of the router's objects; the upstream is called the same. */
  readonly router: string;
  /** `host:port` of the router. */
  readonly address: string;
  /** Longest prompt plus answer in tokens. */
  readonly maxModelLength: number;
}

/** An API key by name, and how often it may be used on each front pod. */
export interface FrontKey {
  readonly name: string;
  readonly requestsPerMinute: number | null;
}

/** The addresses nginx listens on; all interfaces in the pod. */
export interface FrontListen {
  readonly api: string;
  readonly status: string;
}

/** front.json, the script's data: the models in order, and which upstream answers for each. */
export function frontData(settings: FrontSettings, paths: FrontPaths = FRONT_PATHS): string {
  const models = settings.routes.map((route) => ({
    id: route.servedName,
    upstream: route.router,
    maxModelLength: route.maxModelLength,
  }));
  const engineKeyFile = `${paths.engineKey}/${SECRETS.engineKey.key}`;
  return `${JSON.stringify({ engineKeyFile, models }, null, 2)}\n`;
}
