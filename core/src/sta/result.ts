/**
 * A result to the letter -> how it is kept: a number in a column of its own, and the letters beside it only where
 * the database would print that number in another way (1.0, 1e3, 9223372036854775807), so that most rows stay narrow.
 */
export interface ResultParts {
  /** A number as text, for a double. */
  readonly number: string | null;
  /** JSON to the letter. */
  readonly json: string | null;
}

const [ZERO, NINE, MINUS, DOT] = [48, 57, 45, 46];
/** So many decimal digits always come back from a double as they were (IEEE 754). */
const SURE_DIGITS = 15;

/** Whether a JSON number surely is what JavaScript and the database print of it: 8, -21.5; not 1.0, 1e3, 0.00001. */
function isPlain(raw: string): boolean {
  const { length } = raw;
  const from = raw.charCodeAt(0) === MINUS ? 1 : 0;
  if (length - from > SURE_DIGITS) return false;
  let dot = -1;
  for (let at = from; at < length; at++) {
    const code = raw.charCodeAt(at);
    if (code >= ZERO && code <= NINE) continue;
    if (code !== DOT) return false;
    dot = at;
  }
  // -0 is printed as 0
  if (dot === -1) return from === 0 || raw.charCodeAt(1) !== ZERO;
  // 1.0 is printed as 1, and what is small with an exponent
  return (
    raw.charCodeAt(length - 1) !== ZERO && (raw.charCodeAt(from) !== ZERO || raw.charCodeAt(dot + 1) !== ZERO)
  );
}

/** @param raw one JSON value */
export function splitResult(raw: string): ResultParts {
  const first = raw.charCodeAt(0);
  if (first !== MINUS && (first < ZERO || first > NINE)) return { number: null, json: raw };
  if (isPlain(raw)) return { number: raw, json: null };
  const value = Number(raw);
  const size = Math.abs(value);
  // between these the database prints a double without an exponent, as JavaScript does
  const isBetween = value === 0 || (size >= 1e-4 && size < 1e15);
  return { number: String(value), json: isBetween && String(value) === raw ? null : raw };
}
