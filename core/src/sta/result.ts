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

/** @param raw one JSON value */
export function splitResult(raw: string): ResultParts {
  const first = raw.charCodeAt(0);
  if (first !== 45 && (first < 48 || first > 57)) return { number: null, json: raw };
  const value = Number(raw);
  const size = Math.abs(value);
  // between these the database prints a double without an exponent, as JavaScript does
  const isPlain = value === 0 || (size >= 1e-4 && size < 1e15);
  return { number: String(value), json: isPlain && String(value) === raw ? null : raw };
}
