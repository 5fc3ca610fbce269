import type { ParsedFlag, FlagProblem, FlagTable } from "./flags.ts";
import { parseFlags } from "./flags.ts";
import { CONNECTOR_KEYS } from "./lmcache/connector-keys.ts";
import { SERVER_FLAGS } from "./lmcache/server-flags.ts";
import { OLD_NAMES, SETTINGS } from "./lmcache/settings.ts";
import { didYouMean } from "./suggest.ts";
import { compareVersions } from "./version.ts";

/** A setting of LMCache inside an engine, or a key of its connector. */
export interface LmcacheSetting {
  readonly key: string;
  readonly kind: "bool" | "int" | "float" | "string" | "enum" | "json" | "list";
  readonly item?: string;
  /** A list that its environment variable can hold one value of only. */
  readonly single?: boolean;
  readonly choices?: readonly string[];
  readonly known?: readonly string[];
  readonly default?: string | number | boolean;
  /** Sizes of caches are per worker, which is per GPU of a replica. */
  readonly unit?: string;
  readonly since?: string;
  /** Default below the version named. */
  readonly defaultBefore?: Readonly<Record<string, string | number | boolean>>;
  readonly note?: string;
}

/** A setting's name in former releases. */
export interface OldName {
  readonly key: string;
  readonly now?: string;
  /** Whether it is still read. */
  readonly works: boolean;
  readonly note?: string;
}

/** What is wrong with a setting. LMCache itself only logs a warning and goes on without it. */
export interface SettingProblem {
  readonly severity: "error" | "warning";
  readonly key: string;
  readonly rule: string;
  readonly remedy: string;
}

/** The environment variable of a setting: `chunk_size` → `LMCACHE_CHUNK_SIZE`. */
export function environmentName(key: string): string {
  return `LMCACHE_${key.toUpperCase()}`;
}

/** The setting with that key, if that version has it. */
export function findSetting(key: string, version: string): LmcacheSetting | undefined {
  const row = SETTINGS.find((setting) => setting.key === key);
  return row?.since === undefined || compareVersions(row.since, version) <= 0 ? row : undefined;
}

/** Settings whose combination LMCache refuses at start. Source: LMCache/LMCache `lmcache/v1/config.py` at v0.5.6, read 2026-11. */
const RULES: readonly {
  readonly when: string;
  readonly needs?: readonly string[];
  readonly not?: readonly string[];
}[] = [
  {
    when: "enable_controller",
    needs: ["lmcache_instance_id", "controller_pull_url", "controller_reply_url", "lmcache_worker_ports"],
  },
  {
    when: "enable_p2p",
    needs: ["enable_controller", "p2p_host", "p2p_init_ports", "p2p_lookup_ports", "transfer_channel"],
  },
  { when: "enable_pd", needs: ["pd_role", "pd_buffer_size", "pd_buffer_device"], not: ["enable_p2p"] },
];

/** Settings that open an engine. Source: LMCache advisories CVE-2026-107204 and CVE-2026-107206, and its source. */
const DANGEROUS: Readonly<Record<string, string>> = {
  internal_api_server_enabled: "opens an API without authentication",
  run_script_api_enabled: "lets every caller run code in the engine",
  remote_config_url: "sends the engine's whole environment to that address",
};

/**
 * What is wrong with settings of LMCache inside an engine: LMCache drops what it does not know and takes a text other than
 * `true` or `1` for false, both with at most a line in the log.
 * @param settings keys as in the YAML file, values as they will be written
 */
export function checkLmcacheSettings(
  settings: Readonly<Record<string, unknown>>,
  version: string,
): readonly SettingProblem[] {
  const keys = SETTINGS.map((setting) => setting.key);
  const problems = Object.entries(settings).flatMap(([key, value]): readonly SettingProblem[] => {
    const setting = findSetting(key, version);
    if (setting !== undefined) return [...checkSetting(setting, value), ...danger(key, value)];
    const old = OLD_NAMES.find((row) => row.key === key);
    if (old !== undefined) {
      const remedy = old.now === undefined ? "Leave it away." : `Use ${old.now}.`;
      const rule = old.works ? "is an old name" : "is an old name that LMCache drops";
      return [{ severity: old.works ? "warning" : "error", key, rule, remedy }];
    }
    const newer = SETTINGS.find((row) => row.key === key);
    if (newer?.since !== undefined) {
      return [{ severity: "error", key, rule: `needs LMCache ${newer.since}`, remedy: "Leave it away." }];
    }
    const rule = "is no setting of LMCache, which would drop it";
    return [{ severity: "error", key, rule, remedy: didYouMean(key, keys).trim() || "Leave it away." }];
  });
  return [...problems, ...checkCombination(settings)];
}

function isOn(value: unknown): boolean {
  if (typeof value === "string") return value !== "" && value.toLowerCase() !== "false";
  return value !== undefined && value !== null && value !== false;
}

function danger(key: string, value: unknown): readonly SettingProblem[] {
  const rule = DANGEROUS[key];
  if (rule === undefined || !isOn(value)) return [];
  return [
    { severity: "warning", key, rule, remedy: "Keep it only if you need it and trust who can reach the engine." },
  ];
}

function checkSetting(setting: LmcacheSetting, value: unknown): readonly SettingProblem[] {
  const { key, kind, choices } = setting;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const complain = (rule: string, remedy: string): readonly SettingProblem[] => [
    { severity: "error", key, rule, remedy },
  ];
  switch (kind) {
    case "bool":
      return /^(true|false|0|1)$/i.test(text)
        ? []
        : complain(`"${text}" would be taken for false`, "Use true or false.");
    case "int":
      return /^-?\d+$/.test(text) ? [] : complain(`"${text}" is not a whole number`, "Give a whole number.");
    case "float":
      return text.trim() !== "" && Number.isFinite(Number(text))
        ? []
        : complain(`"${text}" is not a number`, "Give a number.");
    case "enum": {
      const known = (choices ?? []).some((choice) => choice.toLowerCase() === text.toLowerCase());
      return known ? [] : complain(`"${text}" is not one of its values`, `Use ${(choices ?? []).join(", ")}.`);
    }
    default:
      return [];
  }
}

function checkCombination(settings: Readonly<Record<string, unknown>>): readonly SettingProblem[] {
  return RULES.filter(({ when }) => isOn(settings[when])).flatMap(({ when, needs = [], not = [] }) => [
    ...needs
      .filter((key) => !isOn(settings[key]))
      .map((key): SettingProblem => ({
        severity: "error",
        key: when,
        rule: `does not start without ${key}`,
        remedy: `Set ${key}.`,
      })),
    ...not
      .filter((key) => isOn(settings[key]))
      .map((key): SettingProblem => ({
        severity: "error",
        key: when,
        rule: `does not start together with ${key}`,
        remedy: "Choose one.",
      })),
  ]);
}

/** Flags of `lmcache server` in that version. */
export function serverFlagTable(version: string): FlagTable {
  const flags = SERVER_FLAGS.filter((flag) => flag.since === undefined || compareVersions(flag.since, version) <= 0);
  return { program: `lmcache server ${version}`, flags, prefixes: true };
}

/** What `lmcache server` of that version would refuse, and what leaves it open to the network. */
export function checkServerArguments(version: string, words: readonly string[]): readonly FlagProblem[] {
  const { parsed, problems } = parseFlags(serverFlagTable(version), words);
  const given = new Set(parsed.map((argument) => argument.flag.name));
  const missing = given.has("--l1-manager")
    ? []
    : ["--l1-size-gb", "--eviction-policy"].filter((name) => !given.has(name));
  return [
    ...problems,
    ...missing.map((argument): FlagProblem => ({
      severity: "error",
      argument,
      rule: "is needed",
      remedy: `Add ${argument}.`,
    })),
    ...checkExposure(version, parsed),
  ];
}

/** Both ports of the server have no authentication, and messages on the first are unpickled (CVE-2026-105192). */
function checkExposure(version: string, parsed: readonly ParsedFlag[]): readonly FlagProblem[] {
  const host = (name: string): string | undefined =>
    parsed.findLast((argument) => argument.flag.name === name)?.values[0];
  const httpDefault = compareVersions(version, "0.5.6") < 0 ? "0.0.0.0" : "127.0.0.1";
  const open = [
    ["--host", host("--host") ?? "localhost"],
    ["--http-host", host("--http-host") ?? httpDefault],
  ] as const;
  const listening = open
    .filter(([, address]) => !/^(127\.|localhost$|::1$)/.test(address))
    .map(([argument, address]): FlagProblem => {
      const rule = `${address} can be reached from the network, without authentication`;
      return {
        severity: "warning",
        argument,
        rule,
        remedy: "Bind 127.0.0.1, or admit the engines alone by a NetworkPolicy.",
      };
    });
  const script = parsed.find(({ flag, on }) => flag.name === "--run-script-api-enabled" && on);
  if (script === undefined) return listening;
  const rule = "lets every caller run code in the server";
  return [...listening, { severity: "error", argument: script.argument, rule, remedy: "Leave it away." }];
}

/** Keys `LMCacheMPConnector` of that version reads from `kv_connector_extra_config`. */
export function connectorKeys(version: string): readonly LmcacheSetting[] {
  return CONNECTOR_KEYS.filter((row) => row.since === undefined || compareVersions(row.since, version) <= 0);
}
