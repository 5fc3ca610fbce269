import type { Advisory } from "../images.ts";

const engines =
  "engines are reached by routers and Prometheus alone (NetworkPolicy), and the front admits only /v1 with a key";
const cache =
  "LMCache binds the loopback address, or NetworkPolicies admit engines alone; secrets stay out of its environment";

/**
 * Known vulnerabilities of vLLM and LMCache that a pinned image may still have. `fixedIn` absent: no fixed release was known
 * on the day of reading.
 * Source: GitHub advisories and issue threads of vllm-project/vllm and LMCache/LMCache, read 2026-10-08; rows of 2025 in part recalled.
 */
// prettier-ignore
export const ADVISORIES: readonly Advisory[] = [
  { program: "vllm", id: "CVE-2025-29783", what: "remote code execution through Mooncake's pickled messages", fixedIn: "0.8.0", handling: engines },
  { program: "vllm", id: "CVE-2025-32444", what: "remote code execution through Mooncake's pickled messages", fixedIn: "0.8.5", handling: engines },
  { program: "vllm", id: "CVE-2025-30202", what: "internal publisher bound to all interfaces", fixedIn: "0.8.5", handling: engines },
  { program: "vllm", id: "CVE-2025-47277", what: "remote code execution through PyNcclPipe's pickled messages", fixedIn: "0.8.5", handling: engines },
  { program: "vllm", id: "CVE-2025-48956", what: "large headers exhaust memory", fixedIn: "0.10.1.1", handling: "the front limits headers" },
  { program: "vllm", id: "CVE-2025-6242", what: "media URLs reach internal addresses", fixedIn: "0.11.0", handling: "engines have no way out but DNS, weights and cache" },
  { program: "vllm", id: "CVE-2025-59425", what: "API keys can be guessed by timing", fixedIn: "0.11.0", handling: "the front checks keys by digest" },
  { program: "vllm", id: "CVE-2025-62164", what: "prompt embeddings corrupt memory", fixedIn: "0.11.1", handling: "--enable-prompt-embeds is off" },
  { program: "vllm", id: "CVE-2025-66448", what: "a model's auto_map runs code", fixedIn: "0.11.1", handling: "only models named in the environment are loaded" },
  { program: "vllm", id: "CVE-2026-22773", what: "an image crashes the engine", fixedIn: "0.12.0", handling: "none; upgrade" },
  { program: "vllm", id: "CVE-2026-22807", what: "a model's auto_map runs code", fixedIn: "0.14.0", handling: "only models named in the environment are loaded" },
  { program: "vllm", id: "CVE-2026-22778", what: "remote code execution while decoding video", fixedIn: "0.14.1", handling: "none; upgrade" },
  { program: "vllm", id: "CVE-2026-24779", what: "media URLs reach internal addresses", fixedIn: "0.14.1", handling: "engines have no way out but DNS, weights and cache" },
  { program: "vllm", id: "CVE-2026-25960", what: "the filter of media URLs can be passed", fixedIn: "0.17.0", handling: "engines have no way out but DNS, weights and cache" },
  { program: "vllm", id: "CVE-2026-27893", what: "some models switch trust_remote_code on", fixedIn: "0.18.0", handling: "only models named in the environment are loaded" },
  { program: "vllm", id: "CVE-2026-90553", what: "loading a model runs code even without the trust flag", fixedIn: "0.28.0", handling: "only models named in the environment are loaded" },
  { program: "vllm", id: "CVE-2026-93592", what: "a negative token id ends the engine", fixedIn: "0.28.0", handling: "none; upgrade" },
  { program: "vllm", id: "CVE-2026-69147", what: "not described", fixedIn: "0.28.0", handling: "none; upgrade" },
  { program: "vllm", id: "CVE-2026-93840", what: "not described", fixedIn: "0.29.0", handling: "none; upgrade" },
  { program: "vllm", id: "CVE-2026-105756", what: "a malformed cache_salt ends engines that use LMCacheMPConnector", fixedIn: "0.30.0", handling: "engines use LMCacheConnectorV1 with this pair" },
  { program: "vllm", id: "CVE-2026-93436", what: "denial of service, one of a batch of eight", fixedIn: "0.30.0", handling: "none; callers need a key" },
  { program: "vllm", id: "GHSA-h3rc-6mm3-gc2m", what: "options of the media processor run code together with --trust-remote-code", fixedIn: "0.31.0", handling: "--trust-remote-code is off" },
  { program: "vllm", id: "GHSA-823j-m4cj-hmjf", what: "a media identifier ends the engine", fixedIn: "0.31.0", handling: "none; callers need a key" },
  { program: "vllm", id: "GHSA-p92p-rxj5-7p2x", what: "min_tokens hangs an engine whose /health stays 200", fixedIn: "0.31.0", handling: "none; callers need a key" },
  { program: "lmcache", id: "CVE-2026-105192", what: "code execution by unauthenticated pickled messages on the server's port 5555", from: "0.3.9", handling: cache },
  { program: "lmcache", id: "CVE-2026-107204", what: "unauthenticated /run_script on the HTTP API", from: "0.3.9", handling: cache },
  { program: "lmcache", id: "CVE-2026-107205", what: "the coordinator has no authentication", from: "0.3.9", handling: "no coordinator is deployed" },
  { program: "lmcache", id: "CVE-2026-107206", what: "the HTTP server listens on all interfaces and shows the environment", from: "0.3.9", fixedIn: "0.5.6", handling: cache },
];
