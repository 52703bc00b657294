/**
 * PostgreSQL's text form of arrays, for columns of thousands of rows: the driver takes a text as it is, while its own
 * arrays cost it a function call and two regular expressions per element. Values only; never put into SQL text.
 */

/** Numbers, booleans, and texts that hold nothing but letters, digits, dots, colons and dashes (times, hexadecimal). */
export function toPlainArray(values: readonly (number | boolean | string | null)[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    if (i > 0) text += ',';
    text += value === null ? 'NULL' : value;
  }
  return `${text}}`;
}

const SEPARATOR = '\u001e';

/**
 * Large JSON texts for `string_to_array($1, toSeparator)`: nothing has to be quoted. JSON holds no bare control
 * character (RFC 8259, section 7), so none of its texts can hold the separator.
 */
export function toJsonTexts(values: readonly string[]): {
  readonly text: string;
  readonly separator: string;
} {
  return { text: values.join(SEPARATOR), separator: SEPARATOR };
}

/** Any texts. */
export function toTextArray(values: readonly (string | null)[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null;
    if (i > 0) text += ',';
    if (value === null) text += 'NULL';
    else text += `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
  }
  return `${text}}`;
}
