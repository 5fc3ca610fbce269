import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../cli.ts";

/** Passphrase of the state of local stacks; what protects their secrets is the state folder's mode. */
export const LOCAL_PASSPHRASE = "vllm-stack-local";

const Encryption = z.looseObject({ encryptionsalt: z.string().optional(), secretsprovider: z.string().optional() });

/** Whose passphrase a stack's secrets are encrypted with: the user's, if the environment's file has secrets already. */
export type PassphraseOwner = "user" | "local";

/**
 * Who owns the passphrase of an environment's file.
 * @throws {@link UserError} if its secrets are encrypted by a service
 */
export function passphraseOwner(path: string): PassphraseOwner {
  const { encryptionsalt, secretsprovider } = Encryption.parse(parse(readFileSync(path, "utf8")) ?? {});
  if (secretsprovider !== undefined && secretsprovider !== "passphrase") {
    throw new UserError(
      `${basename(path)}: secretsprovider: ${secretsprovider} – is used by the Pulumi CLI alone. Run: pulumi up.`,
    );
  }
  return encryptionsalt === undefined ? "local" : "user";
}

/**
 * The passphrase itself; the user's comes from where the Pulumi CLI takes it.
 * @throws {@link UserError} if it isn't given
 */
export function passphraseOf(owner: PassphraseOwner, environment: string, env = process.env): string {
  if (owner === "local") return LOCAL_PASSPHRASE;
  const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = env;
  if (text !== undefined) return text;
  if (file !== undefined && file !== "") return readFileSync(file, "utf8").trim();
  throw new UserError(
    `${environment}: its file has encrypted secrets. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, as for pulumi up.`,
  );
}
