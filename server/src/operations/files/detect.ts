/**
 * What an uploaded file is: refuses in words what is no table (a workbook, an archive, a picture), and tells
 * encoding, separator and decimal sign of what is one. A guess is always named as one.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { AppError } from '@torv/core/errors';
import {
  DELIMITERS,
  type Delimiter,
  type Encoding,
  type FileFormat,
} from '@torv/core/files/readings-mapping';
import type { DetectedFile } from '@torv/core/files/table-file';
import { openTableFile } from './table-file.ts';

const HEAD_BYTES = 64 * 1024;
const FIRST_ROWS = 5;

const SIGNATURES: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'an Excel workbook or another zip archive'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Excel workbook'],
  [[0x1f, 0x8b], 'a gzip archive'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF document'],
  [[0x89, 0x50, 0x4e, 0x47], 'a picture'],
  [[0xff, 0xd8, 0xff], 'a picture'],
  [[0x53, 0x51, 0x4c, 0x69], 'a SQLite database'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file'],
];

/** @throws AppError BAD_FILE when it is no table of text */
export async function detectFile(path: string): Promise<DetectedFile> {
  const head = await readHead(path);
  if (head.length === 0) throw new AppError('BAD_FILE', 'The file is empty.');
  const signature = SIGNATURES.find(([bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (signature)
    throw new AppError('BAD_FILE', `This is ${signature[1]}, not a CSV or NDJSON file.`, {
      hint: 'Unpack it, or save the sheet as CSV (UTF-8).',
    });
  const { encoding, guessed } = await detectEncoding(path, head);
  const text = new TextDecoder(encoding).decode(head);
  if (encoding !== 'utf-16le' && text.includes('\u0000'))
    throw new AppError('BAD_FILE', 'This is a binary file, not a CSV or NDJSON file.', {
      hint: 'Save it as CSV (UTF-8).',
    });
  const format: FileFormat = /^\s*\{/.test(text) ? 'ndjson' : 'csv';
  const delimiter = detectDelimiter(text);
  const table = await openTableFile(path, { format, encoding, delimiter });
  const first: string[][] = [];
  for await (const row of table.rows()) {
    if ('cells' in row) first.push(row.cells.map((cell) => String(cell).slice(0, 200)));
    if (first.length >= FIRST_ROWS) break;
  }
  return {
    format,
    encoding,
    delimiter,
    decimal: detectDecimal(first, delimiter),
    header: table.header,
    first,
    encodingGuessed: guessed,
  };
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The whole file is looked through: one Danish letter may stand in its last line. */
async function detectEncoding(path: string, head: Buffer): Promise<{ encoding: Encoding; guessed: boolean }> {
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', guessed: false };
  if (head[0] === 0xfe && head[1] === 0xff)
    throw new AppError('BAD_FILE', 'This file is UTF-16 with the high byte first.', {
      hint: 'Save it as CSV (UTF-8).',
    });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
      decoder.decode(chunk as Buffer, { stream: true });
    decoder.decode();
    return { encoding: 'utf-8', guessed: false };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { encoding: 'windows-1252', guessed: true };
  }
}

/** The separator that cuts the first lines into equally many columns, most of them; a comma when none does. */
function detectDelimiter(text: string): Delimiter {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(0, 20)
    .map((line) => line.replaceAll(/"[^"]*"/g, ''));
  const scored = DELIMITERS.map((delimiter) => {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const first = counts[0] ?? 0;
    const same = counts.filter((n) => n === first && n > 0).length;
    // a line that is cut off at the end of what was read must not decide
    return { delimiter, score: same * 1000 + first };
  });
  scored.sort((a, b) => b.score - a.score);
  const best = scored[0];
  return best !== undefined && best.score > 0 ? best.delimiter : ',';
}

function detectDecimal(rows: readonly (readonly string[])[], delimiter: Delimiter): '.' | ',' {
  if (delimiter === ',') return '.';
  const cells = rows.flat();
  const commas = cells.filter((cell) => /^-?\d+,\d+$/.test(cell.trim())).length;
  const points = cells.filter((cell) => /^-?\d+\.\d+$/.test(cell.trim())).length;
  return commas > points ? ',' : '.';
}
