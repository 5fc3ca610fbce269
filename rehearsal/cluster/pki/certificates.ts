import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  bits,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octets,
  sequence,
  set,
  time,
  utf8,
} from "./der.ts";

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority: what {@link issueCertificate} signs with. */
export interface Authority extends KeyPair {
  readonly commonName: string;
}

/** What a certificate says about its holder. */
export interface CertificateRequest {
  /** Kubernetes reads it as the user name of a client. */
  readonly commonName: string;
  /** Kubernetes reads them as the groups of a client. */
  readonly organizations?: readonly string[];
  readonly usages: readonly ("client" | "server")[];
  readonly ipAddresses?: readonly string[];
  readonly dnsNames?: readonly string[];
}

/** Certificates live as long as a cluster of an afternoon may be forgotten: a year. */
const LIFETIME_DAYS = 365;
/** Clocks of containers and hosts differ a little. */
const BACKDATED_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

const ECDSA_WITH_SHA256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const USAGE_OIDS = { client: "1.3.6.1.5.5.7.3.2", server: "1.3.6.1.5.5.7.3.1" } as const;

interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** A new P-256 private key, PEM (PKCS #8). */
export function createKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
}

/** The public half of a private key, PEM. */
export function publicKey(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
}

/** A self-signed certificate authority. */
export function createAuthority(commonName: string): Authority {
  const key = createKey();
  const spki = subjectPublicKey(key);
  const extensions = [
    extension("2.5.29.19", sequence(boolean(true)), true),
    // keyCertSign and cRLSign.
    extension("2.5.29.15", bits(Buffer.from([0x06]), 1), true),
    extension("2.5.29.14", octets(keyIdentifier(spki))),
  ];
  const certificate = signed({ subject: { commonName }, spki, extensions, issuer: { commonName }, issuerKey: key });
  return { commonName, certificate, key };
}

/** A certificate signed by `authority` with a key of its own. */
export function issueCertificate(authority: Authority, request: CertificateRequest): KeyPair {
  const key = createKey();
  const spki = subjectPublicKey(key);
  const names = [
    ...(request.dnsNames ?? []).map((name) => implicit(2, Buffer.from(name, "ascii"))),
    ...(request.ipAddresses ?? []).map((address) => implicit(7, ipv4Bytes(address))),
  ];
  const extensions = [
    extension("2.5.29.19", sequence(), true),
    // digitalSignature.
    extension("2.5.29.15", bits(Buffer.from([0x80]), 7), true),
    extension("2.5.29.37", sequence(...request.usages.map((usage) => objectIdentifier(USAGE_OIDS[usage])))),
    extension("2.5.29.35", sequence(implicit(0, keyIdentifier(subjectPublicKey(authority.key))))),
    ...(names.length > 0 ? [extension("2.5.29.17", sequence(...names))] : []),
  ];
  const certificate = signed({ subject: request, spki, extensions, issuer: authority, issuerKey: authority.key });
  return { certificate, key };
}

function signed(parts: {
  readonly subject: Subject;
  readonly spki: Buffer;
  readonly extensions: readonly Buffer[];
  readonly issuer: Subject;
  readonly issuerKey: string;
}): string {
  const now = Date.now();
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    distinguishedName({ commonName: parts.issuer.commonName }),
    sequence(time(new Date(now - BACKDATED_MS)), time(new Date(now + LIFETIME_DAYS * DAY_MS))),
    distinguishedName(parts.subject),
    parts.spki,
    explicit(3, sequence(...parts.extensions)),
  );
  const signature = sign("sha256", toBeSigned, { key: createPrivateKey(parts.issuerKey), dsaEncoding: "der" });
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, bits(signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function distinguishedName({ commonName, organizations = [] }: Subject): Buffer {
  const attribute = (oid: string, value: string) => set(sequence(objectIdentifier(oid), utf8(value)));
  return sequence(
    ...organizations.map((organization) => attribute("2.5.4.10", organization)),
    attribute("2.5.4.3", commonName),
  );
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octets(value));
}

function subjectPublicKey(privateKey: string): Buffer {
  return createPublicKey(privateKey).export({ type: "spki", format: "der" });
}

/** RFC 5280 asks for a value derived from the key; any hash of it identifies it as well. */
function keyIdentifier(spki: Buffer): Buffer {
  return createHash("sha256").update(spki).digest().subarray(0, 20);
}

function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function ipv4Bytes(address: string): Buffer {
  if (!isIPv4(address))
    throw new Error(`certificate address: ${address} – not an IPv4 address. Give one such as 127.0.0.1.`);
  return Buffer.from(address.split(".").map(Number));
}
