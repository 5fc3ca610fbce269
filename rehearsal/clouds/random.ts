import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";

import { z } from "zod";

import { ProviderError, type CheckFailure, type ResourceHandler } from "./provider.ts";
import { sdkVersion } from "./sdk-version.ts";
import { simulatedProvider, type FaultyProvider } from "./tables.ts";
import { containsUnknown, type Properties } from "./values.ts";

/** Character classes of passwords, as the published provider has them (terraform-provider-random 3.7, 2026-11-20). */
const CLASSES = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
} as const;

const ADJECTIVES = ["able", "brave", "calm", "eager", "fair", "glad", "keen", "kind", "merry", "neat", "quick", "warm"];
const ANIMALS = [
  "badger",
  "crane",
  "deer",
  "falcon",
  "heron",
  "lynx",
  "otter",
  "robin",
  "salmon",
  "stork",
  "swan",
  "wren",
];

const keepers = z.record(z.string(), z.unknown()).optional();
const count = z.number().int().min(0).default(0);

const characters = z.object({
  keepers,
  length: z.number().int().min(1),
  lower: z.boolean().default(true),
  upper: z.boolean().default(true),
  numeric: z.boolean().optional(),
  number: z.boolean().optional(),
  special: z.boolean().default(true),
  overrideSpecial: z.string().optional(),
  minLower: count,
  minUpper: count,
  minNumeric: count,
  minSpecial: count,
});

const bytes = z.object({ keepers, byteLength: z.number().int().min(1), prefix: z.string().default("") });
const integer = z.object({ keepers, min: z.number().int(), max: z.number().int(), seed: z.string().optional() });
const uuid = z.object({ keepers });
const pet = z.object({
  keepers,
  length: z.number().int().min(1).default(2),
  separator: z.string().default("-"),
  prefix: z.string().optional(),
});
const shuffle = z.object({
  keepers,
  inputs: z.array(z.string()),
  resultCount: z.number().int().optional(),
  seed: z.string().optional(),
});

/**
 * The simulated `@pulumi/random`: real randomness when a resource is created, kept by the engine's state from then on.
 * As with the published provider every change of an argument, `keepers` included, makes a new value.
 * The bcrypt hash of passwords is left out: nothing in the project asks for one.
 */
export function simulatedRandom(): FaultyProvider {
  return simulatedProvider({
    name: "random",
    version: sdkVersion("@pulumi/random"),
    resources: {
      "random:index/randomPassword:RandomPassword": {
        ...drawn(characters, (args) => ({ id: "none", outputs: { result: text(args) } })),
        secretProperties: ["result"],
      },
      "random:index/randomString:RandomString": drawn(characters, (args) => {
        const result = text(args);
        return { id: result, outputs: { result } };
      }),
      "random:index/randomBytes:RandomBytes": {
        ...drawn(z.object({ keepers, length: z.number().int().min(1) }), ({ length }) => {
          const drawnBytes = randomBytes(length);
          return { id: "none", outputs: { base64: drawnBytes.toString("base64"), hex: drawnBytes.toString("hex") } };
        }),
        secretProperties: ["base64", "hex"],
      },
      "random:index/randomId:RandomId": drawn(bytes, ({ byteLength, prefix }) => identifier(byteLength, prefix)),
      "random:index/randomUuid:RandomUuid": drawn(uuid, () => {
        const result = randomUUID();
        return { id: result, outputs: { result } };
      }),
      "random:index/randomInteger:RandomInteger": drawn(integer, ({ min, max, seed }) => {
        if (max < min) throw new ProviderError(`max: ${max} – must not be smaller than min (${min}).`);
        const result = min + pick(max - min + 1, seed);
        return { id: String(result), outputs: { result } };
      }),
      "random:index/randomPet:RandomPet": drawn(pet, ({ length, separator, prefix }) => {
        const words = Array.from({ length }, (_, index) => oneOf(index === length - 1 ? ANIMALS : ADJECTIVES));
        return { id: [...(prefix === undefined ? [] : [prefix]), ...words].join(separator), outputs: {} };
      }),
      "random:index/randomShuffle:RandomShuffle": drawn(shuffle, ({ inputs, resultCount = inputs.length, seed }) => {
        const results = shuffled(inputs, seed).slice(0, resultCount);
        return { id: "-", outputs: { results } };
      }),
    },
  });
}

/** A resource whose outputs are drawn once from its arguments and never change after that. */
function drawn<Args>(
  schema: z.ZodType<Args>,
  draw: (args: Args) => { readonly id: string; readonly outputs: Properties },
): ResourceHandler {
  return {
    check: ({ inputs }) => ({ inputs, failures: problems(schema, inputs) }),
    replaceOn: [
      "keepers",
      "length",
      "lower",
      "upper",
      "numeric",
      "number",
      "special",
      "overrideSpecial",
      "minLower",
    ].concat(
      ["minUpper", "minNumeric", "minSpecial", "byteLength", "prefix", "min", "max", "seed", "separator"],
      ["inputs", "resultCount"],
    ),
    create: ({ inputs }) => {
      const { id, outputs } = draw(schema.parse(inputs));
      return { id, outputs: { ...inputs, ...outputs } };
    },
  };
}

function problems(schema: z.ZodType, inputs: Properties): readonly CheckFailure[] {
  const parsed = schema.safeParse(inputs);
  if (parsed.success) return [];
  // What isn't known in a preview can't be judged yet; it is checked again when it is known.
  const judged = parsed.error.issues.filter((issue) => !containsUnknown(inputs[String(issue.path[0])] ?? null));
  return judged.map((issue) => ({
    path: issue.path.map((step) => (typeof step === "number" ? step : String(step))),
    reason: issue.message,
  }));
}

function text(args: z.infer<typeof characters>): string {
  const numeric = args.numeric ?? args.number ?? true;
  const special = args.overrideSpecial ?? CLASSES.special;
  const parts = [
    { letters: CLASSES.lower, used: args.lower, least: args.minLower },
    { letters: CLASSES.upper, used: args.upper, least: args.minUpper },
    { letters: CLASSES.numeric, used: numeric, least: args.minNumeric },
    { letters: special, used: args.special, least: args.minSpecial },
  ];
  const alphabet = parts.map(({ letters, used }) => (used ? letters : "")).join("");
  const required = parts.flatMap(({ letters, least }) => Array.from({ length: least }, () => oneOf(letters.split(""))));
  if (required.length > args.length) {
    throw new ProviderError(
      `length: ${args.length} – the minima of the character classes add up to ${required.length}.`,
    );
  }
  if (alphabet === "" && required.length < args.length) {
    throw new ProviderError("lower, upper, numeric, special: all false – at least one class of characters is needed.");
  }
  const rest = Array.from({ length: args.length - required.length }, () => oneOf(alphabet.split("")));
  return shuffled([...required, ...rest]).join("");
}

function identifier(byteLength: number, prefix: string): { id: string; outputs: Properties } {
  const drawnBytes = randomBytes(byteLength);
  const hex = drawnBytes.toString("hex");
  const base64Url = drawnBytes.toString("base64url");
  return {
    id: base64Url,
    outputs: {
      b64Std: `${prefix}${drawnBytes.toString("base64")}`,
      b64Url: `${prefix}${base64Url}`,
      dec: `${prefix}${BigInt(`0x${hex}`)}`,
      hex: `${prefix}${hex}`,
    },
  };
}

/** A number below the limit: the same one for the same seed, a random one without. */
function pick(limit: number, seed: string | undefined): number {
  if (seed === undefined) return limit > 1 ? randomInt(limit) : 0;
  return createHash("sha256").update(seed).digest().readUInt32BE() % limit;
}

function oneOf<T>(items: readonly T[]): T {
  const item = items[pick(items.length, undefined)];
  if (item === undefined) throw new ProviderError("overrideSpecial: empty – a class with a minimum needs characters.");
  return item;
}

function shuffled<T>(items: readonly T[], seed?: string): T[] {
  const keyed = items.map((item, index) => ({
    item,
    key:
      seed === undefined
        ? randomBytes(8).toString("hex")
        : createHash("sha256").update(`${seed} ${index}`).digest("hex"),
  }));
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ item }) => item);
}
