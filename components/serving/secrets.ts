import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { Secret } from "@pulumi/kubernetes/core/v1/index.js";
import { RandomId } from "@pulumi/random/randomId.js";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { ApiKeySource, Labels, SecretEntry, SecretPlan } from "../../planning/types.ts";
import type { NamespaceHandle } from "../kubernetes/namespace.ts";
import type { SecretHandle } from "../kubernetes/workload.ts";

/**
 * Secrets of the stack's configuration: the value of a top-level key or, with a property, of one entry of a map.
 * The output is a secret; it fails if the configuration has no such value.
 */
export type ConfiguredSecret = (configKey: string, property?: string) => pulumi.Output<string>;

/** Arguments of {@link Secrets}. */
export interface SecretsArgs {
  readonly plan: readonly SecretPlan[];
  readonly namespace: NamespaceHandle;
  /** Labels of the Kubernetes Secrets. */
  readonly labels: Labels;
  readonly configured: ConfiguredSecret;
}

/** Letters and digits of a generated API key: 40 of 62 possible ones, 238 bits. */
const API_KEY_LENGTH = 40;

/**
 * The Kubernetes Secrets of a stack. Values come from the configuration or are made once and kept in the stack's state;
 * they are secret outputs on the whole way. Of clients' API keys only SHA-256 digests reach the cluster.
 */
export class Secrets extends pulumi.ComponentResource {
  /**
   * The Secrets by name. Their versions are random values, which roll out pods without telling anything about the
   * content, unlike hashes, from which short values could be guessed.
   */
  readonly handles: Readonly<Record<string, SecretHandle>>;
  /** Clients' API keys by name. A secret. */
  readonly apiKeys: pulumi.Output<Readonly<Record<string, string>>>;

  readonly #name: string;
  readonly #configured: ConfiguredSecret;
  readonly #values = new Map<string, pulumi.Output<string>>();
  readonly #generated = new Map<string, RandomPassword>();

  constructor(name: string, args: SecretsArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:serving:Secrets", name, {}, opts);
    this.#name = name;
    this.#configured = args.configured;
    const handles = args.plan.map((plan) => {
      const content = Object.fromEntries(plan.entries.map((entry) => [entry.key, this.#entry(plan, entry)]));
      const handle = { resource: this.#secret(args, plan, content), version: this.#version(plan, content) };
      return [plan.name, handle] as const;
    });
    this.handles = Object.fromEntries(handles);
    this.apiKeys = pulumi.secret(pulumi.all(this.#apiKeys(args.plan)));
    this.registerOutputs({});
  }

  /** The value of one key of a Secret of the plan. A secret; undefined if the plan has no such Secret or key. */
  value(secret: string, key: string): pulumi.Output<string> | undefined {
    return this.#values.get(`${secret}/${key}`);
  }

  #entry(plan: SecretPlan, entry: SecretEntry): pulumi.Output<string> {
    const value = this.#valueOf(entry.source);
    this.#values.set(`${plan.name}/${entry.key}`, value);
    return value;
  }

  #valueOf(source: SecretEntry["source"]): pulumi.Output<string> {
    switch (source.kind) {
      case "config":
        return this.#configured(source.configKey, source.property);
      case "generated":
        return this.#password(source.resource, source.length);
      case "apiKeyDigests":
        return digests(source.keys.map((key) => ({ name: key.name, value: this.#apiKey(key) })));
    }
  }

  #apiKeys(plan: readonly SecretPlan[]): Record<string, pulumi.Output<string>> {
    const sources = plan
      .flatMap(({ entries }) => entries)
      .flatMap(({ source }) => (source.kind === "apiKeyDigests" ? source.keys : []));
    return Object.fromEntries(sources.map((key) => [key.name, this.#apiKey(key)]));
  }

  #apiKey(key: ApiKeySource): pulumi.Output<string> {
    return key.from === "config"
      ? this.#configured("apiKeys", key.name)
      : this.#password(`api-key-${key.name}`, API_KEY_LENGTH);
  }

  /** A password of letters and digits: it stands in headers, URLs and shells without quoting. */
  #password(resource: string, length: number): pulumi.Output<string> {
    const known = this.#generated.get(resource);
    if (known !== undefined) return pulumi.secret(known.result);
    const password = new RandomPassword(`${this.#name}-${resource}`, { length, special: false }, { parent: this });
    this.#generated.set(resource, password);
    return pulumi.secret(password.result);
  }

  #secret(args: SecretsArgs, plan: SecretPlan, content: Readonly<Record<string, pulumi.Output<string>>>): Secret {
    const data = Object.entries(content).map(([key, value]) => [key, value.apply(base64)] as const);
    return new Secret(
      `${this.#name}-${plan.name}`,
      {
        metadata: { name: plan.name, namespace: args.namespace.name, labels: { ...args.labels } },
        type: "Opaque",
        // Not stringData: the API server doesn't return it, so that a refresh couldn't see a change.
        data: pulumi.secret(Object.fromEntries(data)),
      },
      { parent: this, dependsOn: args.namespace.resource },
    );
  }

  #version(plan: SecretPlan, content: Readonly<Record<string, pulumi.Output<string>>>): pulumi.Output<string> {
    const id = new RandomId(
      `${this.#name}-${plan.name}-version`,
      { byteLength: 8, keepers: pulumi.secret({ ...content }) },
      { parent: this, additionalSecretOutputs: ["keepers"] },
    );
    return id.hex;
  }
}

function base64(value: string): string {
  return Buffer.from(value, "utf8").toString("base64");
}

/** JSON object: SHA-256 of each key in hexadecimal → name of the key, as the front's script reads it. */
function digests(keys: readonly { name: string; value: pulumi.Output<string> }[]): pulumi.Output<string> {
  const pairs = keys.map(({ name, value }) => value.apply((text) => [sha256(text), name] as const));
  return pulumi.secret(pulumi.all(pairs).apply((entries) => JSON.stringify(Object.fromEntries(entries))));
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
