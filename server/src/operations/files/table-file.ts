/**
 * CSV and NDJSON files as a stream of lines, a piece at a time in memory whatever their size. Bounds what one
 * line may be, and says at which line it cannot go on. Never repairs: a line with too few columns stays one.
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { AppError } from '@torv/core/errors';
import type { Delimiter, Encoding, FileFormat } from '@torv/core/files/readings-mapping';
import type { Cell } from '@torv/core/files/readings-row';
import type { FileRow, TableFile } from '@torv/core/files/table-file';
import { parse } from 'csv-parse';

export interface TableForm {
  readonly format: FileFormat;
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  /** Lines before the one with the names of the columns. */
  readonly skipLines?: number;
}

/** One line of a file with measurements has a few hundred bytes; a megabyte is a missing quotation mark. */
export const MAX_LINE_BYTES = 1024 * 1024;
const MAX_COLUMNS = 1000;
/** NDJSON names its columns in each line; the first lines tell them all. */
const HEADER_LINES = 200;

/** @throws AppError BAD_FILE when there is no header to read */
export async function openTableFile(path: string, form: TableForm): Promise<TableFile> {
  const header = form.format === 'csv' ? await readCsvHeader(path, form) : await readJsonHeader(path, form);
  if (header.length === 0) throw new AppError('BAD_FILE', 'The file is empty.');
  if (header.length > MAX_COLUMNS)
    throw new AppError(
      'BAD_FILE',
      `The file has ${header.length} columns; ${MAX_COLUMNS} are too many already.`,
      {
        hint: 'Look whether the separator is right.',
      },
    );
  return {
    header,
    rows: () => (form.format === 'csv' ? readCsvRows(path, form) : readJsonRows(path, form, header)),
  };
}

/** The file's text in pieces; bytes that the encoding does not have become U+FFFD. */
async function* readText(path: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    yield decoder.decode(chunk as Buffer, { stream: true });
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function* readCsv(path: string, form: TableForm): AsyncGenerator<CsvRecord> {
  const parser = parse({
    delimiter: form.delimiter,
    bom: true,
    columns: false,
    info: true,
    relax_column_count: true,
    // a quotation mark within a text without quotes is only a letter: 2" pipe
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_BYTES,
    from_line: (form.skipLines ?? 0) + 1,
  });
  const source = Readable.from(readText(path, form.encoding));
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const record of parser) yield record as CsvRecord;
  } catch (error) {
    throw toFileError(error);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function toFileError(error: unknown): unknown {
  const { code, lines } = error as { code?: string; lines?: number };
  const at = lines === undefined ? {} : { at: `line ${lines}` };
  if (code === 'CSV_MAX_RECORD_SIZE')
    return new AppError('BAD_FILE', `Line ${lines ?? '?'} does not end within a megabyte.`, {
      ...at,
      hint: 'A quotation mark is missing there, or this is no CSV file.',
    });
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return new AppError(
      'BAD_FILE',
      `A quotation mark is opened and never closed; the file ends at line ${lines ?? '?'}.`,
      at,
    );
  if (typeof code === 'string' && code.startsWith('CSV_'))
    return new AppError('BAD_FILE', `Line ${lines ?? '?'} cannot be read as CSV.`, at);
  if (code === 'ENOENT') return new AppError('NOT_FOUND', 'The file is not there any more.');
  return error;
}

async function readCsvHeader(path: string, form: TableForm): Promise<readonly string[]> {
  for await (const { record } of readCsv(path, form)) return toDistinct(record.map((name) => name.trim()));
  return [];
}

/** Two columns of one name would hide each other: the second is called `name (2)`, one without a name by its number. */
function toDistinct(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((given, i) => {
    const name = given === '' ? `column ${i + 1}` : given;
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return n === 1 ? name : `${name} (${n})`;
  });
}

async function* readCsvRows(path: string, form: TableForm): AsyncGenerator<FileRow> {
  let isHeader = true;
  for await (const { record, info } of readCsv(path, form)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    yield { line: info.lines, cells: record };
  }
}

/** Lines with their numbers. @throws AppError BAD_FILE for one that does not end */
async function* readLines(path: string, encoding: Encoding): AsyncGenerator<{ line: number; text: string }> {
  let line = 0;
  let rest = '';
  for await (const text of readText(path, encoding)) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES)
      throw new AppError('BAD_FILE', `Line ${line + parts.length + 1} does not end within a megabyte.`, {
        at: `line ${line + parts.length + 1}`,
        hint: 'NDJSON has one JSON object per line.',
      });
    for (const part of parts) {
      line += 1;
      if (part.trim() !== '') yield { line, text: part };
    }
  }
  if (rest.trim() !== '') yield { line: line + 1, text: rest };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Values of an object by the path of their names, `a/b` for one inside another; lists are left alone. */
function flatten(
  value: Readonly<Record<string, unknown>>,
  prefix = '',
  into = new Map<string, Cell>(),
): Map<string, Cell> {
  for (const [name, one] of Object.entries(value)) {
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean')
      into.set(prefix + name, one);
    else if (one !== null && typeof one === 'object' && !Array.isArray(one) && prefix.length < 200)
      flatten(one as Record<string, unknown>, `${prefix}${name}/`, into);
  }
  return into;
}

async function readJsonHeader(path: string, form: TableForm): Promise<readonly string[]> {
  const names = new Set<string>();
  let read = 0;
  for await (const { text } of readLines(path, form.encoding)) {
    const object = parseObject(text);
    if (object !== undefined) for (const name of flatten(object).keys()) names.add(name);
    read += 1;
    if (read >= HEADER_LINES) break;
  }
  return [...names];
}

async function* readJsonRows(
  path: string,
  form: TableForm,
  header: readonly string[],
): AsyncGenerator<FileRow> {
  for await (const { line, text } of readLines(path, form.encoding)) {
    const object = parseObject(text);
    if (object === undefined)
      yield { line, fault: { code: 'json', reason: 'The line is not a JSON object.' } };
    else {
      const values = flatten(object);
      yield { line, cells: header.map((name) => values.get(name) ?? '') };
    }
  }
}
