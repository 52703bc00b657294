/**
 * A bounded, append-only spool on disk for what must be acknowledged while the database is away: `append` resolves
 * after fsync, `drain` gives everything back in order. A killed process costs nothing that was acknowledged; the
 * record it was writing is found by its length and checksum and cut off.
 * What was taken can come once more after a crash, never less than once. It knows nothing of what a record means.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { AppError } from '@torv/core/errors';

export interface SpoolOptions {
  readonly directory: string;
  /** All of it on disk, taken or not, in whole segments. */
  readonly maxBytes?: number;
  readonly segmentBytes?: number;
  readonly maxRecordBytes?: number;
}

export interface SpoolState {
  readonly bytes: number;
  readonly maxBytes: number;
  /** Records that wait to be taken. */
  readonly waiting: number;
  /** Segments that could not be read to their end and were set aside for a person to look at. */
  readonly damaged: number;
  /** How often the disk was waited for: far fewer than appends under load. */
  readonly syncs: number;
}

export interface Spool {
  readonly state: SpoolState;
  /** Resolves when the records are on disk. @throws AppError UNAVAILABLE when full, TOO_LARGE */
  append(records: readonly Buffer[]): Promise<void>;
  /**
   * Gives the records to `take` in order, in batches, until none is left, and drops what it resolved for.
   * Resolves to the number taken; rejects with what `take` threw, and the batch stays.
   */
  drain(take: (records: readonly Buffer[]) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

interface Segment {
  readonly number: number;
  /** Bytes of whole records that are on disk. */
  bytes: number;
  records: number;
}

const HEADER_BYTES = 8;
const BATCH_RECORDS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;
const MIB = 1024 * 1024;
const POSITION_FILE = 'taken';

function toFileName(number: number): string {
  return `${String(number).padStart(12, '0')}.spool`;
}

/** Length, CRC-32 of length and content, content. A run of zeros is no record: its checksum is wrong. */
function renderRecord(record: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + record.length);
  bytes.writeUInt32BE(record.length, 0);
  record.copy(bytes, HEADER_BYTES);
  bytes.writeUInt32BE(crc32(record, crc32(bytes.subarray(0, 4))), 4);
  return bytes;
}

/** The record at `at`, or undefined where there is no whole and right one. */
function readRecord(bytes: Buffer, at: number): Buffer | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined;
  const end = at + HEADER_BYTES + bytes.readUInt32BE(at);
  if (end > bytes.length) return undefined;
  const record = bytes.subarray(at + HEADER_BYTES, end);
  return crc32(record, crc32(bytes.subarray(at, at + 4))) === bytes.readUInt32BE(at + 4) ? record : undefined;
}

function measure(bytes: Buffer, from: number): { readonly bytes: number; readonly records: number } {
  let at = from;
  let records = 0;
  for (let record = readRecord(bytes, at); record !== undefined; record = readRecord(bytes, at)) {
    at += HEADER_BYTES + record.length;
    records++;
  }
  return { bytes: at, records };
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(String(error.code))
  );
}

/** @throws AppError UNAVAILABLE where the folder cannot be used */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory } = options;
  const maxBytes = options.maxBytes ?? 512 * MIB;
  const segmentBytes = Math.min(options.segmentBytes ?? 16 * MIB, Math.max(Math.floor(maxBytes / 8), 1));
  const maxRecordBytes = options.maxRecordBytes ?? 8 * MIB;
  await mkdir(directory, { recursive: true, mode: 0o700 });

  const position = await readPosition();
  const segments: Segment[] = [];
  let taken = { segment: 0, bytes: 0 };
  let damaged = 0;
  let lastNumber = position.segment;
  await findSegments();

  let handle: FileHandle | undefined;
  let closed = false;
  let syncs = 0;
  let queue: { readonly bytes: Buffer; readonly records: number; done: (error?: unknown) => void }[] = [];
  let queuedBytes = 0;
  let flushing: Promise<void> | undefined;
  let draining: Promise<number> | undefined;

  async function readPosition(): Promise<{ segment: number; bytes: number }> {
    const text = await readFile(join(directory, POSITION_FILE), 'utf8').catch(() => '');
    const [, segment, bytes] = /^(\d+) (\d+)\n$/.exec(text) ?? [];
    return { segment: Number(segment ?? 0), bytes: Number(bytes ?? 0) };
  }

  async function findSegments(): Promise<void> {
    const names = (await readdir(directory)).sort();
    damaged = names.filter((name) => name.endsWith('.damaged')).length;
    const numbers = names.flatMap((name) =>
      /^\d{12}\.spool$/.test(name) ? [Number.parseInt(name, 10)] : [],
    );
    for (const [index, number] of numbers.entries()) {
      lastNumber = Math.max(lastNumber, number);
      if (number < position.segment) {
        await rm(join(directory, toFileName(number)), { force: true });
        continue;
      }
      const file = await open(join(directory, toFileName(number)), 'r+');
      try {
        const { size } = await file.stat();
        const content = Buffer.alloc(size);
        await file.read(content, 0, size, 0);
        const from = number === position.segment ? Math.min(position.bytes, size) : 0;
        const whole = measure(content, from);
        // Only the last segment can have been in the middle of a write.
        if (whole.bytes < size && index === numbers.length - 1) {
          await file.truncate(whole.bytes);
          await file.sync();
        }
        const isLast = index === numbers.length - 1;
        segments.push({ number, bytes: isLast ? whole.bytes : size, records: whole.records });
      } finally {
        await file.close();
      }
    }
    const first = segments[0];
    taken =
      first !== undefined && first.number === position.segment
        ? { segment: first.number, bytes: Math.min(position.bytes, first.bytes) }
        : { segment: first?.number ?? lastNumber, bytes: 0 };
  }

  const onDisk = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  async function toActive(): Promise<{ readonly file: FileHandle; readonly segment: Segment }> {
    const last = segments.at(-1);
    if (last !== undefined && last.number === lastNumber && last.bytes < segmentBytes) {
      handle ??= await open(join(directory, toFileName(last.number)), 'r+');
      return { file: handle, segment: last };
    }
    await handle?.close();
    handle = undefined;
    const segment: Segment = { number: lastNumber + 1, bytes: 0, records: 0 };
    handle = await open(join(directory, toFileName(segment.number)), 'wx+', 0o600);
    lastNumber = segment.number;
    segments.push(segment);
    await syncDirectory(directory);
    return { file: handle, segment };
  }

  async function flush(): Promise<void> {
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      const bytes = Buffer.concat(group.map((each) => each.bytes));
      let fault: unknown;
      try {
        await write(
          bytes,
          group.reduce((sum, each) => sum + each.records, 0),
        );
      } catch (error) {
        fault = isDiskFull(error)
          ? new AppError('UNAVAILABLE', 'The spool is full: the disk has no space left.', { cause: error })
          : new AppError('UNAVAILABLE', 'The spool cannot be written.', { cause: error });
      }
      queuedBytes -= bytes.length;
      for (const each of group) each.done(fault);
    }
  }

  async function write(bytes: Buffer, records: number): Promise<void> {
    const { file, segment } = await toActive();
    try {
      let written = 0;
      while (written < bytes.length) {
        const part = await file.write(bytes, written, bytes.length - written, segment.bytes + written);
        written += part.bytesWritten;
      }
      await file.datasync();
      syncs++;
    } catch (error) {
      // What became of half a write is unknown: cut it off, and write on in another file.
      await file.truncate(segment.bytes).catch(() => undefined);
      await file.close().catch(() => undefined);
      handle = undefined;
      if (segment.bytes === 0) {
        segments.splice(segments.indexOf(segment), 1);
        await rm(join(directory, toFileName(segment.number)), { force: true }).catch(() => undefined);
      } else lastNumber++;
      throw error;
    }
    segment.bytes += bytes.length;
    segment.records += records;
  }

  async function savePosition(): Promise<void> {
    const temporary = join(directory, `${POSITION_FILE}.new`);
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${taken.segment} ${taken.bytes}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, POSITION_FILE));
    await syncDirectory(directory);
  }

  /** Drops the first segment when all of it is taken. Nothing may be appended to it meanwhile. */
  async function dropTaken(segment: Segment): Promise<void> {
    if (segments.at(-1) === segment) {
      if (flushing !== undefined || taken.bytes < segment.bytes) return;
      // From here to the first await nothing else runs: the next append finds no segment to go on with.
      segments.shift();
      const old = handle;
      handle = undefined;
      await old?.close();
    } else segments.shift();
    await rm(join(directory, toFileName(segment.number)), { force: true });
    taken = {
      segment: segments[0]?.number ?? lastNumber,
      bytes: segments[0] === undefined ? taken.bytes : 0,
    };
  }

  async function readBatch(
    segment: Segment,
  ): Promise<{ readonly records: readonly Buffer[]; readonly end: number }> {
    const until = segment.bytes;
    const file = await open(join(directory, toFileName(segment.number)), 'r');
    try {
      let size = Math.min(until - taken.bytes, BATCH_BYTES);
      for (;;) {
        const content = Buffer.alloc(size);
        await file.read(content, 0, size, taken.bytes);
        const records: Buffer[] = [];
        let at = 0;
        for (let record = readRecord(content, at); record !== undefined; record = readRecord(content, at)) {
          records.push(record);
          at += HEADER_BYTES + record.length;
          if (records.length === BATCH_RECORDS) break;
        }
        if (records.length > 0 || size === until - taken.bytes) return { records, end: taken.bytes + at };
        size = until - taken.bytes;
      }
    } finally {
      await file.close();
    }
  }

  async function drainAll(take: (records: readonly Buffer[]) => Promise<void>): Promise<number> {
    let count = 0;
    for (let segment = segments[0]; segment !== undefined && !closed; segment = segments[0]) {
      if (taken.segment !== segment.number) taken = { segment: segment.number, bytes: 0 };
      if (taken.bytes >= segment.bytes) {
        await flushing;
        if (taken.bytes < segment.bytes) continue;
        await dropTaken(segment);
        continue;
      }
      const batch = await readBatch(segment);
      if (batch.records.length === 0) {
        const name = join(directory, toFileName(segment.number));
        await rename(name, `${name}.damaged`);
        damaged++;
        segments.shift();
        if (segments.length === 0) {
          await handle?.close();
          handle = undefined;
          lastNumber++;
        }
        continue;
      }
      await take(batch.records);
      count += batch.records.length;
      segment.records -= batch.records.length;
      taken = { segment: segment.number, bytes: batch.end };
      // On a full disk only the end of a segment makes room: until then what was taken may come once more.
      await savePosition().catch((error: unknown) => {
        if (!isDiskFull(error)) throw error;
      });
    }
    return count;
  }

  return {
    get state() {
      return {
        bytes: onDisk(),
        maxBytes,
        waiting: segments.reduce((sum, segment) => sum + segment.records, 0),
        damaged,
        syncs,
      };
    },
    append: async (records) => {
      if (closed) throw new AppError('UNAVAILABLE', 'The spool is closed.');
      if (records.length === 0) return;
      const large = records.find((record) => record.length > maxRecordBytes);
      if (large !== undefined) {
        throw new AppError(
          'TOO_LARGE',
          `A record of ${large.length} bytes came; at most ${maxRecordBytes} are kept.`,
        );
      }
      const bytes = Buffer.concat(records.map(renderRecord));
      if (onDisk() + queuedBytes + bytes.length > maxBytes) {
        throw new AppError(
          'UNAVAILABLE',
          `The spool is full: ${Math.ceil(onDisk() / MIB)} MiB wait for the database.`,
          {
            hint: 'It empties itself when the database answers again.',
          },
        );
      }
      queuedBytes += bytes.length;
      await new Promise<void>((resolve, reject) => {
        queue.push({
          bytes,
          records: records.length,
          done: (error) => (error === undefined ? resolve() : reject(error)),
        });
        flushing ??= flush().finally(() => {
          flushing = undefined;
        });
      });
    },
    drain: async (take) => {
      while (draining !== undefined) await draining.catch(() => undefined);
      draining = drainAll(take).finally(() => {
        draining = undefined;
      });
      return draining;
    },
    close: async () => {
      closed = true;
      await flushing;
      await draining?.catch(() => undefined);
      await handle?.close();
      handle = undefined;
    },
  };
}
