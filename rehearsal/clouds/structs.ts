import structs from "google-protobuf/google/protobuf/struct_pb.js";

import { Secrets } from "./secrets.ts";
import { isList, isProperties, UNKNOWN, type Path, type Properties, type Value } from "./values.ts";

/**
 * Encodings of the provider protocol, from `sdk/go/common/resource/sig` and `plugin/rpc.go` of pulumi/pulumi 3.259 (2026-11-20):
 * objects with the signature key are envelopes, and each kind of unknown value is a text of its own.
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_TEXTS = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9", // string
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // list
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Properties as a handler uses them, and which of them are secret. */
export interface Decoded {
  readonly properties: Properties;
  readonly secrets: Secrets;
}

/** Decodes properties of a request: envelopes of secrets and outputs are opened, unknown values become {@link UNKNOWN}. */
export function decodeStruct(struct: structs.Struct | undefined): Decoded {
  const secrets = new Secrets();
  const decoded = decode(struct?.toJavaScript() ?? {}, [], secrets);
  return { properties: isProperties(decoded) ? decoded : {}, secrets };
}

/** Encodes properties of an answer, with what `secrets` names marked as secret. */
export function encodeStruct(properties: Properties, secrets: Secrets): structs.Struct {
  return structs.Struct.fromJavaScript(encodeProperties(properties, [], secrets));
}

type Json = structs.JavaScriptValue;

function decode(value: unknown, path: Path, secrets: Secrets): Value {
  if (typeof value === "string") return UNKNOWN_TEXTS.has(value) ? UNKNOWN : value;
  if (typeof value === "boolean" || typeof value === "number") return value;
  if (isList(value)) return value.map((item, index) => decode(item, [...path, index], secrets));
  if (!isProperties(value)) return null;
  const signature = value[SIGNATURE];
  if (signature === SECRET || signature === OUTPUT) {
    const inner = Object.hasOwn(value, "value") ? decode(value.value, path, secrets) : UNKNOWN;
    if (signature === SECRET || value.secret === true) secrets.add(path, inner);
    return inner;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, decode(item, [...path, name], secrets)]),
  );
}

function encode(value: Value, path: Path, secrets: Secrets): Json {
  if (secrets.has(path, value)) return { [SIGNATURE]: SECRET, value: encodePlain(value, path, new Secrets()) };
  return encodePlain(value, path, secrets);
}

function encodePlain(value: Value, path: Path, secrets: Secrets): Json {
  if (value === UNKNOWN) return UNKNOWN_TEXT;
  if (isList(value)) return value.map((item, index) => encode(item, [...path, index], secrets));
  return isProperties(value) ? encodeProperties(value, path, secrets) : value;
}

function encodeProperties(properties: Properties, path: Path, secrets: Secrets): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, item]) => [name, encode(item, [...path, name], secrets)]),
  );
}
