/**
 * The front's script for nginx's njs module: who calls, which router answers, and what is refused.
 *
 * It is the same file in every stack. What differs comes from nginx.conf (`front_data`: the models and their upstreams)
 * and from mounted secrets (`front_keys`: SHA-256 of each API key → its name; the engines' own key as a file).
 * Written for njs 0.7.9 and later: no destructuring, no `for … of`, no classes.
 */
import crypto from "crypto";
import fs from "fs";

/** Refuses a request in the words OpenAI's clients read. */
function refuse(r, status, message, code, param) {
  const error = {
    message: message,
    type: "invalid_request_error",
    param: param === undefined ? null : param,
    code: code === undefined ? null : code,
  };
  answer(r, status, { error: error });
}

function answer(r, status, body) {
  r.headersOut["Content-Type"] = "application/json";
  r.return(status, JSON.stringify(body));
}

/**
 * `$front_caller`: the name of the request's API key, or nothing. Only digests are known here, and a lookup by digest
 * tells an attacker nothing about how close a guess was.
 */
function caller(r) {
  const match = /^Bearer +([^ ]+) *$/i.exec(r.headersIn["Authorization"] || "");
  if (match === null) return "";
  const digest = crypto.createHash("sha256").update(match[1]).digest("hex");
  return front_keys[digest] || "";
}

/** `$front_authorization`: what engines ask for instead of the client's key. */
function authorization(r) {
  return "Bearer " + fs.readFileSync(front_data.engineKeyFile).toString().trim();
}

/** Everything below /v1/ whose caller is known. */
function api(r) {
  const path = r.variables.request_uri.split("?")[0];
  if (path === "/v1/models") return listModels(r);
  if (path.startsWith("/v1/models/")) return showModel(r, path.slice("/v1/models/".length));
  // Routers get the path as the client wrote it, so it must be what nginx has checked: no `..`, no `//`, no escapes.
  if (path !== r.uri) return refuse(r, 404, "The path is not one of this API's.", "unknown_url");
  if (r.method !== "POST") {
    r.headersOut["Allow"] = "POST";
    return refuse(r, 405, path + " answers POST only: requests are routed by the model in their JSON body.");
  }
  route(r);
}

/** Hands the request to the router of the model it names. */
function route(r) {
  if (/^multipart\//i.test(r.headersIn["Content-Type"] || "")) {
    const message = "Multipart bodies can't be routed: send JSON with the model in it.";
    return refuse(r, 415, message, "unsupported_media_type");
  }
  let body;
  try {
    body = JSON.parse(r.requestText);
  } catch (e) {
    const message = "The body is not JSON, or is nested deeper than this endpoint reads.";
    return refuse(r, 400, message, "invalid_json");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return refuse(r, 400, "The body must be a JSON object.", "invalid_json");
  }
  if (typeof body.model !== "string" || body.model === "") {
    return refuse(r, 400, "The body must name a model, as a string.", "missing_model", "model");
  }
  // Some versions of vLLM with LMCache end on a malformed salt, for all their clients.
  if (body.cache_salt !== undefined && body.cache_salt !== null && !isSalt(body.cache_salt)) {
    const message = "cache_salt must be 1 to 256 letters, digits and any of . _ ~ + / = : -";
    return refuse(r, 400, message, "invalid_cache_salt", "cache_salt");
  }
  const model = find(body.model);
  if (model === undefined) return unknownModel(r, body.model);
  r.variables.front_model = model.id;
  r.variables.front_upstream = model.upstream;
  r.internalRedirect("@router");
}

function isSalt(value) {
  return typeof value === "string" && /^[A-Za-z0-9._~+\/=:-]{1,256}$/.test(value);
}

function listModels(r) {
  if (r.method !== "GET" && r.method !== "HEAD") return onlyGet(r);
  const data = [];
  for (let i = 0; i < front_data.models.length; i++) data.push(describe(front_data.models[i]));
  answer(r, 200, { object: "list", data: data });
}

function showModel(r, encoded) {
  if (r.method !== "GET" && r.method !== "HEAD") return onlyGet(r);
  let id = encoded;
  try {
    id = decodeURIComponent(encoded);
  } catch (e) {
    // An id that isn't valid percent-encoding is looked up as it stands, and not found.
  }
  const model = find(id);
  if (model === undefined) return unknownModel(r, id);
  answer(r, 200, describe(model));
}

function onlyGet(r) {
  r.headersOut["Allow"] = "GET";
  refuse(r, 405, "The list of models can only be read.");
}

function unknownModel(r, id) {
  const shown = id.length > 200 ? id.slice(0, 200) + "…" : id;
  refuse(
    r,
    404,
    "The model `" + shown + "` does not exist. GET /v1/models lists those that do.",
    "model_not_found",
    "model",
  );
}

/** Preloaded arrays have no methods in older versions of njs. */
function find(id) {
  for (let i = 0; i < front_data.models.length; i++) {
    if (front_data.models[i].id === id) return front_data.models[i];
  }
  return undefined;
}

/** A model as OpenAI lists it, with the length limit vLLM adds. */
function describe(model) {
  return {
    id: model.id,
    object: "model",
    created: Math.floor(Date.now() / 1000),
    owned_by: "vllm-stack",
    max_model_len: model.maxModelLength,
  };
}

/** nginx's own counters in Prometheus's text format, under the names of NGINX's exporter. */
async function metrics(r) {
  const status = await r.subrequest("/nginx-status");
  const numbers = status.responseText.match(/[0-9]+/g);
  const families = [
    ["nginx_connections_active", "gauge", "Open client connections."],
    ["nginx_connections_accepted", "counter", "Client connections accepted."],
    ["nginx_connections_handled", "counter", "Client connections handled."],
    ["nginx_http_requests_total", "counter", "Client requests."],
    ["nginx_connections_reading", "gauge", "Connections whose request header is being read."],
    ["nginx_connections_writing", "gauge", "Connections whose response is being written."],
    ["nginx_connections_waiting", "gauge", "Idle client connections."],
  ];
  const lines = families.map(
    (family, index) =>
      "# HELP " +
      family[0] +
      " " +
      family[2] +
      "\n# TYPE " +
      family[0] +
      " " +
      family[1] +
      "\n" +
      family[0] +
      " " +
      numbers[index],
  );
  r.headersOut["Content-Type"] = "text/plain; version=0.0.4";
  r.return(200, lines.join("\n") + "\n");
}

export default { api, authorization, caller, metrics };
