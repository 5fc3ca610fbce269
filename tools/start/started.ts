import type { Plan } from "../../planning/types.ts";
import type { Completion } from "../client.ts";

/** Where a stack answers, for the person at the keyboard. */
export interface Addresses {
  /** OpenAI base URL on this machine. */
  readonly endpoint: string;
  readonly prometheus: string | null;
  /** File that holds an API key; null: the endpoint is open. */
  readonly keyFile: string | null;
}

/** What was asked and seen after an `up`. */
export interface Proof {
  /** Served name of the model that was asked. */
  readonly model: string;
  readonly question: string;
  readonly completion: Completion;
  /** null where there is no Prometheus. */
  readonly targets: { readonly up: number; readonly all: number } | null;
}

/** What `npm start` brought up. */
export interface Started {
  readonly plan: Plan;
  /** The kubeconfig that leads to the cluster, and the context in it. */
  readonly kubeconfig: string;
  readonly context: string;
  readonly addresses: Addresses;
  readonly proof: Proof;
  /** What a person should know about this stack, a sentence each. */
  readonly notes: readonly string[];
  /** Commands a person runs next; one may have several lines. */
  readonly next: readonly string[];
}
