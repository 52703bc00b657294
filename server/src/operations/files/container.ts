/**
 * The file that backups and archives are: a gzipped tar of readable parts (NDJSON), `torv.json` first and
 * `manifest.json` last, with a count and a checksum of each part. A file that breaks off, was changed or is a
 * bomb is noticed before anything is written from it; names in it never become paths.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { AppError } from '@torv/core/errors';
import { extract, pack } from 'tar-stream';

export interface ContainerPart {
  readonly name: string;
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Container {
  readonly header: Readonly<Record<string, unknown>>;
  readonly parts: readonly ContainerPart[];
  /** Lines per table. */
  readonly lines: ReadonlyMap<string, number>;
}

/** A part is held in memory while it is made and read. */
const PART_BYTES = 8 * 1024 * 1024;
const MAX_PART_BYTES = 64 * 1024 * 1024;
/** Readings compress about twentyfold; what swells two hundredfold was made to. */
const MAX_RATIO = 200;
const RATIO_FROM_BYTES = 256 * 1024 * 1024;
const PART_NAME = /^([a-z][a-z_]{0,62})\.(\d{4,6})\.ndjson$/;

export interface ContainerWriter {
  /** One row of a table; rows of a table follow each other. */
  line(table: string, text: string): Promise<void>;
  /** Puts the file in its place. @returns what is in it */
  finish(): Promise<readonly ContainerPart[]>;
  /** Takes the half-made file away. */
  abort(): Promise<void>;
}

/** Written beside `path` and moved there when whole; readable by its owner alone. @throws AppError BAD_FILE */
export async function createContainer(
  path: string,
  header: Readonly<Record<string, unknown>>,
  at: Date,
): Promise<ContainerWriter> {
  const aside = `${path}.partial`;
  const tar = pack();
  const gzip = createGzip({ level: 6 });
  const file = createWriteStream(aside, { mode: 0o600, flags: 'w' });
  await once(file, 'open').catch((error: unknown) => {
    throw new AppError('BAD_FILE', `The file ${path} cannot be written.`, { cause: error });
  });
  const written = pipeline(tar, gzip, file);
  written.catch(() => undefined);
  const parts: ContainerPart[] = [];
  let table = '';
  let number = 0;
  let pieces: string[] = [];
  let bytes = 0;

  async function put(name: string, body: Buffer): Promise<void> {
    await Promise.race([
      new Promise<void>((done, failed) => {
        tar.entry({ name, size: body.length, mtime: at, mode: 0o600 }, body, (error) =>
          error ? failed(error) : done(),
        );
      }),
      written,
    ]);
  }

  async function flush(): Promise<void> {
    if (pieces.length === 0) return;
    number += 1;
    const body = Buffer.from(`${pieces.join('\n')}\n`);
    const name = `${table}.${String(number).padStart(4, '0')}.ndjson`;
    parts.push({
      name,
      lines: pieces.length,
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
    pieces = [];
    bytes = 0;
    await put(name, body);
  }

  await put('torv.json', Buffer.from(`${JSON.stringify(header, null, 2)}\n`));
  return {
    async line(name, text) {
      if (name !== table) {
        await flush();
        table = name;
        number = 0;
      }
      pieces.push(text);
      bytes += text.length;
      if (bytes >= PART_BYTES) await flush();
    },
    async finish() {
      await flush();
      await put('manifest.json', Buffer.from(`${JSON.stringify({ parts }, null, 1)}\n`));
      tar.finalize();
      await written;
      const handle = await open(aside, 'r');
      await handle.sync().finally(() => handle.close());
      await rename(aside, path);
      return parts;
    },
    async abort() {
      tar.destroy();
      await written.catch(() => undefined);
      await rm(aside, { force: true });
    },
  };
}

function broken(path: string, reason: string, cause?: unknown): AppError {
  return new AppError('BAD_FILE', `${path}: ${reason}`, { hint: 'Nothing was written.', cause });
}

interface RawEntry {
  readonly name: string;
  readonly body: Buffer;
}

/** Each entry as a whole; bounded in size and in how far it swells. */
async function* readEntries(path: string): AsyncGenerator<RawEntry> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw broken(path, 'There is no such file.', error);
  });
  const tar = extract();
  let swollen = 0;
  const read = pipeline(
    createReadStream(path),
    createGunzip(),
    async function* measure(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        swollen += chunk.length;
        if (swollen > RATIO_FROM_BYTES && swollen > size * MAX_RATIO)
          throw broken(path, 'It swells more than two hundredfold: this is no archive of Torv.');
        yield chunk;
      }
    },
    tar,
  );
  // The failure is told by the loop below, which the pipeline ends.
  let failure: unknown;
  read.catch((error: unknown) => {
    failure = error;
  });
  try {
    for await (const entry of tar) {
      const { name, type, size: bytes } = entry.header;
      if (type === 'directory') {
        entry.resume();
        continue;
      }
      if (type !== 'file' || (bytes ?? 0) > MAX_PART_BYTES)
        throw broken(path, `It holds "${name.slice(0, 60)}", which is no part of an archive of Torv.`);
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      yield { name: name.replace(/^\.\//, ''), body: Buffer.concat(chunks) };
    }
    await read;
  } catch (error) {
    const cause = failure instanceof AppError ? failure : error;
    if (cause instanceof AppError) throw cause;
    const { code, message } = cause as { code?: string; message?: string };
    if (code?.startsWith('Z_') || /tar|Unexpected end|header|premature/i.test(`${message} ${code}`))
      throw broken(path, 'It is not a whole archive: it is damaged or breaks off.', cause);
    throw cause;
  } finally {
    tar.destroy();
  }
}

function parseJson(path: string, name: string, body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch (error) {
    throw broken(path, `${name} cannot be read.`, error);
  }
}

/** Reads it once from end to end and compares every part with the manifest. @throws AppError BAD_FILE */
export async function checkContainer(
  path: string,
  look?: (table: string, lines: readonly string[]) => void,
): Promise<Container> {
  let header: Readonly<Record<string, unknown>> | undefined;
  let manifest: Readonly<Record<string, unknown>> | undefined;
  const found = new Map<string, ContainerPart>();
  for await (const { name, body } of readEntries(path)) {
    if (name === 'torv.json') header = parseJson(path, name, body);
    else if (name === 'manifest.json') manifest = parseJson(path, name, body);
    else {
      const table = PART_NAME.exec(name)?.[1];
      if (table === undefined || found.has(name))
        throw broken(path, `It holds "${name.slice(0, 60)}", which is no part of an archive of Torv.`);
      const lines = toLines(body);
      look?.(table, lines);
      const sha256 = createHash('sha256').update(body).digest('hex');
      found.set(name, { name, lines: lines.length, bytes: body.length, sha256 });
    }
  }
  if (header === undefined) throw broken(path, 'It has no torv.json: this is no archive of Torv.');
  if (manifest === undefined) throw broken(path, 'Its manifest is missing: it breaks off.');
  const parts = (Array.isArray(manifest.parts) ? manifest.parts : []) as readonly ContainerPart[];
  for (const part of parts) {
    const there = found.get(part.name);
    if (there === undefined) throw broken(path, `Its part ${part.name} is missing.`);
    if (there.sha256 !== part.sha256 || there.lines !== part.lines)
      throw broken(path, `Its part ${part.name} is not what the manifest says: it was changed or damaged.`);
  }
  if (found.size !== parts.length) throw broken(path, 'It holds parts that its manifest does not know.');
  const lines = new Map<string, number>();
  for (const part of parts) {
    const table = part.name.split('.')[0] ?? '';
    lines.set(table, (lines.get(table) ?? 0) + part.lines);
  }
  return { header, parts, lines };
}

function toLines(body: Buffer): readonly string[] {
  return body
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** The rows of a checked file, a part at a time. */
export async function* readContainer(
  path: string,
): AsyncGenerator<{ readonly table: string; readonly lines: readonly string[] }> {
  for await (const { name, body } of readEntries(path)) {
    const table = PART_NAME.exec(name)?.[1];
    if (table !== undefined) yield { table, lines: toLines(body) };
  }
}

/** Rows in pieces that one statement takes. */
export function* toBatches(
  lines: readonly string[],
  mostLines = 2000,
  mostBytes = 4 * 1024 * 1024,
): Generator<readonly string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    batch.push(line);
    bytes += line.length;
    if (batch.length < mostLines && bytes < mostBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
