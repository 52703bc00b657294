/**
 * Reads single fields of foreign JSON: every function takes anything and gives a clean value or undefined.
 * Text that PostgreSQL would refuse (NUL, half a surrogate pair) is cleaned here, so that one poison value
 * never reaches a batch. Nothing in here throws, recurses into a value or keeps more of it than its bound.
 */
import { type Eui64, parseEui64 } from '@torv/core/ids';

export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object with fields; an empty one where it is none, so that chains of reads need no checks. */
export function toFields(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {};
}

export function isAbsent(value: unknown): value is undefined | null | '' {
  return value === undefined || value === null || value === '';
}

/** A finite number, also when written as text, within its bounds. */
export function readNumber(value: unknown, minimum: number, maximum: number): number | undefined {
  const number =
    typeof value === 'string' && /^-?[0-9]{1,20}(?:\.[0-9]{1,20})?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number >= minimum && number <= maximum ? number : undefined;
}

export function readWholeNumber(value: unknown, maximum: number): number | undefined {
  const number = readNumber(value, 0, maximum);
  return Number.isInteger(number) ? number : undefined;
}

/** Text of at most `max` UTF-16 units on one line; undefined when nothing visible is left. */
export function readText(value: unknown, max: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  // The cut comes first: it bounds the work and may itself split a surrogate pair.
  const text = value
    .slice(0, max)
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim();
  return text === '' ? undefined : text;
}

const MAX_TAGS = 50;

/** Tags of a device: at most 50, numbers and booleans as text, anything nested left out. */
export function readTags(value: unknown): Record<string, string> | undefined {
  const tags: [string, string][] = [];
  const fields = toFields(value);
  for (const key in fields) {
    if (tags.length === MAX_TAGS) break;
    const raw = fields[key];
    const name = readText(key, 100);
    const text = readText(typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : raw, 200);
    if (name !== undefined && name !== '__proto__' && text !== undefined) tags.push([name, text]);
  }
  return tags.length === 0 ? undefined : Object.fromEntries(tags);
}

/** EUI-64 in any common spelling. Asks before it parses: many gateway ids are no EUI, and throwing is slow. */
export function readEui(value: unknown): Eui64 | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  return /^[0-9a-fA-F]{16}$/.test(value.replace(/[-:\s]/g, '')) ? parseEui64(value) : undefined;
}

/** A device address: 8 hexadecimal digits, lower case. */
export function readDevAddr(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-fA-F]{8}$/.test(value) ? value.toLowerCase() : undefined;
}

/**
 * Base64, standard or URL-safe alphabet, padded or not -> lower-case hex; undefined when it is anything else.
 * Node's own decoder skips what it does not know, which would turn a wrong text into a wrong reading.
 */
export function readBase64(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/.test(text)) return undefined;
  const bare = text.replace(/=+$/, '');
  if (bare.length % 4 === 1 || (bare !== text && text.length % 4 !== 0)) return undefined;
  return Buffer.from(bare, 'base64').toString('hex');
}

/** Hexadecimal text in either case -> lower case; undefined when it is anything else. */
export function readHex(text: string): string | undefined {
  return /^(?:[0-9a-fA-F]{2})*$/.test(text) ? text.toLowerCase() : undefined;
}

const HZ_PER_MHZ = 1_000_000;

/** Frequency in hertz, also as text -> MHz. */
export function readHertz(value: unknown): number | undefined {
  const hertz = readNumber(value, 1, 100_000 * HZ_PER_MHZ);
  return hertz === undefined ? undefined : hertz / HZ_PER_MHZ;
}

/** LoRa modulation -> "SF7BW125", as the LoRaWAN regional parameters spell it. The bandwidth comes in Hz or kHz. */
export function toLoraDataRate(spreadingFactor: unknown, bandwidth: unknown): string | undefined {
  const factor = readWholeNumber(spreadingFactor, 12);
  const width = readNumber(bandwidth, 1, 10_000_000);
  if (factor === undefined || width === undefined) return undefined;
  return `SF${factor}BW${width >= 5000 ? width / 1000 : width}`;
}

/** Index of a data rate as the server gives it -> "5". */
export function readDataRateIndex(value: unknown): string | undefined {
  const index = readWholeNumber(value, 15);
  return index === undefined ? undefined : String(index);
}

/** LoRaWAN's battery byte: 0 external power, 255 unknown, 1..254 from empty to full -> per cent. */
export function readBatteryByte(value: unknown): number | undefined {
  const byte = readWholeNumber(value, 254);
  return byte === undefined || byte === 0 ? undefined : Math.round(((byte - 1) / 253) * 1000) / 10;
}
