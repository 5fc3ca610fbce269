import { errorPages } from "./errors.ts";
import {
  FRONT_PATHS,
  FRONT_STATUS_PORT,
  CONNECTION_SECONDS,
  type FrontKey,
  type FrontListen,
  type FrontPaths,
  type FrontRoute,
  type FrontSettings,
} from "./settings.ts";
import { API_PORT, SECRETS } from "../names.ts";

/**
 * nginx.conf of the front. It runs as any user and writes nothing but its temporary folder.
 * Tried with nginx 1.22.1 and njs 0.7.9 (Debian 12) and with nginx 1.31.5 and njs 1.0.1.
 */
export function nginxConfig(
  settings: FrontSettings,
  paths: FrontPaths = FRONT_PATHS,
  listen: FrontListen = { api: String(API_PORT), status: String(FRONT_STATUS_PORT) },
): string {
  const lines = [
    `load_module ${paths.module};`,
    "# One is enough for the load; the other goes on while it reads a large body.",
    "worker_processes 2;",
    "worker_rlimit_nofile 16384;",
    `worker_shutdown_timeout ${settings.drainSeconds}s;`,
    `pid ${paths.temporary}/nginx.pid;`,
    "error_log stderr warn;",
    ...block("events", ["worker_connections 4096;"]),
    ...block("http", [
      "server_tokens off;",
      "default_type application/json;",
      "access_log off;",
      ...temporaryFiles(paths.temporary),
      ...script(settings, paths),
      ...limitZones(settings.keys),
      ...requestId(),
      ...sessions(settings.sessionHeaders),
      ...logFormat(),
      ...upstreams(settings.routes),
      ...apiServer(settings, paths, listen.api),
      ...statusServer(listen.status),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), "}"];
}

function temporaryFiles(folder: string): string[] {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
}

function script({ keys }: FrontSettings, paths: FrontPaths): string[] {
  return [
    `js_import front from ${paths.config}/front.js;`,
    `js_preload_object front_data from ${paths.config}/front.json;`,
    'js_var $front_model "";',
    'js_var $front_upstream "";',
    "js_set $front_authorization front.authorization;",
    ...(keys.length === 0
      ? block('map "" $front_caller', ["default anonymous;"])
      : [
          `js_preload_object front_keys from ${paths.keys}/${SECRETS.apiKeys.key};`,
          "js_set $front_caller front.caller;",
        ]),
  ];
}

function limitedKeys(keys: readonly FrontKey[]): { name: string; zone: string; perMinute: number }[] {
  return keys.flatMap(({ name, requestsPerMinute }) =>
    // A name has dashes, a variable has not; the other way round there is nothing to confuse it with.
    requestsPerMinute === null
      ? []
      : [{ name, zone: `front_limit_${name.replaceAll("-", "_")}`, perMinute: requestsPerMinute }],
  );
}

/** What is counted: a request under the name of its key, in the zone of that key alone. */
function limitZones(keys: readonly FrontKey[]): string[] {
  const limited = limitedKeys(keys);
  if (limited.length === 0) return [];
  // Escaped, because a key may be called `default` or `include`, which mean something here.
  const entry = (name: string, value: string) => `"\\\\${name}" ${value};`;
  return [
    ...limited.flatMap(({ name, zone, perMinute }) => [
      ...block(`map $front_caller $${zone}`, ['default "";', entry(name, "$front_caller")]),
      `limit_req_zone $${zone} zone=${zone}:64k rate=${perMinute}r/m;`,
    ]),
    ...block("map $front_caller $front_retry_after", [
      "default 1;",
      ...limited.map(({ name, perMinute }) => entry(name, String(Math.ceil(60 / perMinute)))),
    ]),
    "limit_req_status 429;",
    "limit_req_log_level info;",
  ];
}

/** A client's own request id is kept if it is short and can't break a log line. */
function requestId(): string[] {
  return block("map $http_x_request_id $front_request_id", [
    "default $request_id;",
    '"~^[A-Za-z0-9._:-]{1,128}$" $http_x_request_id;',
  ]);
}

/** A request without a session is a session of its own. */
function sessions(headers: readonly string[]): string[] {
  return headers.flatMap((header) =>
    block(`map ${received(header)} ${sessionVariable(header)}`, [
      '"" $front_request_id;',
      `default ${received(header)};`,
    ]),
  );
}

function received(header: string): string {
  return `$http_${header.toLowerCase().replaceAll("-", "_")}`;
}

function sessionVariable(header: string): string {
  return `$front_session_${header.toLowerCase().replaceAll("-", "_")}`;
}

/** Names, numbers and paths: never a header, a query or a body. */
function logFormat(): string[] {
  return [
    `log_format front escape=json '{"time":"$time_iso8601","requestId":"$front_request_id","key":"$front_caller",'`,
    `  '"method":"$request_method","path":"$uri","model":"$front_model","status":$status,"bytes":$bytes_sent,'`,
    `  '"seconds":$request_time,"router":"$upstream_addr","routerSeconds":"$upstream_response_time"}';`,
  ];
}

function upstreams(routes: readonly FrontRoute[]): string[] {
  const addresses = new Map(routes.map(({ router, address }) => [router, address]));
  return [...addresses].flatMap(([router, address]) =>
    block(`upstream ${router}`, [
      `server ${address};`,
      "keepalive 64;",
      "# Below the five seconds after which the Python router closes an idle connection.",
      "keepalive_timeout 4s;",
      `keepalive_time ${CONNECTION_SECONDS}s;`,
    ]),
  );
}

function apiServer(settings: FrontSettings, paths: FrontPaths, listen: string): string[] {
  const limits = limitedKeys(settings.keys).map(
    // All requests of a minute may come at once; after that they come back one by one.
    ({ zone, perMinute }) => `limit_req zone=${zone}${perMinute > 1 ? ` burst=${perMinute - 1} nodelay` : ""};`,
  );
  return block("server", [
    `listen ${listen};`,
    `access_log ${paths.log} front;`,
    "add_header X-Request-Id $front_request_id always;",
    "client_header_timeout 15s;",
    "client_body_timeout 60s;",
    "send_timeout 60s;",
    `keepalive_time ${CONNECTION_SECONDS}s;`,
    "# The script reads the model from the body: it stays in memory, in one piece.",
    `client_max_body_size ${settings.maxBodyMiB}m;`,
    `client_body_buffer_size ${settings.maxBodyMiB}m;`,
    "client_body_in_single_buffer on;",
    ...block("location = /health", ["access_log off;", `return 200 '{"status":"healthy"}';`]),
    ...block("location /v1/", [
      "# Before the body is read: without a key nobody can make the front hold one.",
      ...block('if ($front_caller = "")', ["return 401;"]),
      ...limits,
      "js_content front.api;",
    ]),
    ...block("location /", ["return 404;"]),
    ...routerLocation(settings),
    ...errorPages(limits.length > 0),
  ]);
}

function routerLocation({ sessionHeaders, requestTimeoutSeconds }: FrontSettings): string[] {
  return block("location @router", [
    "proxy_pass http://$front_upstream;",
    "proxy_http_version 1.1;",
    'proxy_set_header Connection "";',
    "proxy_set_header Host $proxy_host;",
    "proxy_set_header X-Request-Id $front_request_id;",
    "proxy_hide_header X-Request-Id;",
    "# The client's credentials end here.",
    "proxy_set_header Authorization $front_authorization;",
    'proxy_set_header X-Api-Key "";',
    'proxy_set_header Cookie "";',
    ...sessionHeaders.map((header) => `proxy_set_header ${header} ${sessionVariable(header)};`),
    "# Tokens go to the client as they come.",
    "proxy_buffering off;",
    "proxy_buffer_size 16k;",
    "proxy_buffers 8 16k;",
    "# A prompt that reached a router may be computed already: sent again it would cost the GPUs twice.",
    "proxy_next_upstream off;",
    "proxy_connect_timeout 5s;",
    "proxy_send_timeout 60s;",
    "# Between two reads: a stream may take longer as long as tokens come.",
    `proxy_read_timeout ${requestTimeoutSeconds}s;`,
  ]);
}

function statusServer(listen: string): string[] {
  return block("server", [
    `listen ${listen};`,
    ...block("location = /health", [`return 200 '{"status":"healthy"}';`]),
    ...block("location = /metrics", ["js_content front.metrics;"]),
    ...block("location = /nginx-status", ["internal;", "stub_status;"]),
    ...block("location /", ["return 404;"]),
  ]);
}
