/**
 * The part of ASN.1 DER that X.509 certificates need (ITU-T X.690): each function returns one encoded element.
 * Node signs and parses certificates but does not build them.
 */

function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), length(body.length), body]);
}

function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits: number[] = [];
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

/** SEQUENCE of already encoded elements. */
export const sequence = (...elements: readonly Buffer[]): Buffer => element(0x30, ...elements);

/** SET of already encoded elements. */
export const set = (...elements: readonly Buffer[]): Buffer => element(0x31, ...elements);

/** BOOLEAN. */
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0x00]));

/** OCTET STRING. */
export const octets = (value: Buffer): Buffer => element(0x04, value);

/** UTF8String. */
export const utf8 = (value: string): Buffer => element(0x0c, Buffer.from(value, "utf8"));

/** Context-specific constructed tag `[number]` (EXPLICIT). */
export const explicit = (number: number, ...elements: readonly Buffer[]): Buffer => element(0xa0 | number, ...elements);

/** Context-specific primitive tag `[number]` (IMPLICIT) around raw contents. */
export const implicit = (number: number, contents: Buffer): Buffer => element(0x80 | number, contents);

/** INTEGER from unsigned big-endian bytes. */
export function integer(unsigned: Buffer): Buffer {
  let start = 0;
  while (start < unsigned.length - 1 && unsigned[start] === 0) start++;
  const digits = unsigned.subarray(start);
  const negativeLooking = ((digits[0] ?? 0) & 0x80) !== 0;
  return element(0x02, negativeLooking ? Buffer.from([0]) : Buffer.alloc(0), digits);
}

/** BIT STRING; `unusedBits` counts the padding at the end of the last byte. */
export const bits = (value: Buffer, unusedBits = 0): Buffer => element(0x03, Buffer.from([unusedBits]), value);

/** OBJECT IDENTIFIER from dotted notation. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const septets = [arc & 0x7f];
    for (let value = Math.floor(arc / 128); value > 0; value = Math.floor(value / 128)) {
      septets.unshift((value & 0x7f) | 0x80);
    }
    bytes.push(...septets);
  }
  return element(0x06, Buffer.from(bytes));
}

/** Time as X.509 wants it: UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
export function time(value: Date): Buffer {
  const digits = value.toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return value.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(`${digits.slice(2)}Z`, "ascii"))
    : element(0x18, Buffer.from(`${digits}Z`, "ascii"));
}
