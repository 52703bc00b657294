/**
 * Cells and lines of a CSV file that Torv writes (RFC 4180). A text that a spreadsheet would run as a formula
 * gets an apostrophe before it; numbers are never touched.
 */

export type CsvValue = string | number | boolean | null | undefined;

/** https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r]/;

export function renderCsvCell(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n;]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Takes the apostrophe away again that `renderCsvCell` put before a text. */
export function readCsvText(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell.slice(1)) ? cell.slice(1) : cell;
}

export function renderCsvLine(values: readonly CsvValue[]): string {
  return `${values.map(renderCsvCell).join(',')}\r\n`;
}
