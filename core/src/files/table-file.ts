/** A file of lines and columns as its readers meet it, whatever stands behind it. Rows come one at a time. */
import type { Delimiter, Encoding, FileFormat } from './readings-mapping.ts';
import type { Cell, RowFaultCode } from './readings-row.ts';

export type FileRow =
  | { readonly line: number; readonly cells: readonly Cell[] }
  | { readonly line: number; readonly fault: { readonly code: RowFaultCode; readonly reason: string } };

export interface TableFile {
  readonly header: readonly string[];
  /** From the first line of data, each time it is called. @throws AppError BAD_FILE where it cannot go on */
  rows(): AsyncIterable<FileRow>;
}

/** What a file is, as far as its beginning tells; every point can be overruled. */
export interface DetectedFile {
  readonly format: FileFormat;
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  readonly decimal: '.' | ',';
  readonly header: readonly string[];
  /** The first lines of data. */
  readonly first: readonly (readonly string[])[];
  /** Not valid UTF-8 somewhere in the file: read as Windows-1252, look at the letters. */
  readonly encodingGuessed: boolean;
}
