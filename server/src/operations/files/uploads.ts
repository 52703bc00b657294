/**
 * Uploaded files wait here between preview and confirmation, in the data folder, each with a note of whose it is
 * and what became of it. Their names are random and never a client's. After a day they are gone.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '@torv/core/errors';
import type { DetectedFile } from '@torv/core/files/table-file';

export interface Upload {
  readonly id: string;
  readonly organisationId: number;
  readonly name: string;
  readonly bytes: number;
  readonly uploadedAt: string;
  readonly detected: DetectedFile;
  readonly state: 'uploaded' | 'running' | 'done' | 'failed';
  /** 0 to 1 while it runs. */
  readonly progress: number;
  /** What was written, or why nothing was. */
  readonly report: unknown;
}

/** Larger files go in by the command line, beside the server. */
export const MAX_UPLOAD_BYTES = 2 * 1024 ** 3;
const KEEP_MS = 24 * 3_600_000;
/** Uploads of one organisation that may wait at a time. */
const MAX_WAITING = 20;

export function toUploadFolder(dataDir: string): string {
  return join(dataDir, 'imports');
}

/** @throws AppError TOO_LARGE; what was written until then is removed */
export async function keepUpload(
  folder: string,
  body: Readable,
  about: {
    readonly organisationId: number;
    readonly name: string;
    readonly nowMs: number;
    readonly maxBytes?: number;
  },
  detect: (path: string) => Promise<DetectedFile>,
): Promise<Upload> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeOldUploads(folder, about.nowMs);
  const waiting = (await findUploads(folder)).filter((one) => one.organisationId === about.organisationId);
  if (waiting.length >= MAX_WAITING)
    throw new AppError('TOO_MANY', `${MAX_WAITING} uploaded files wait already.`, {
      hint: 'Confirm or remove them; they go by themselves after a day.',
    });
  const id = randomBytes(16).toString('hex');
  const path = toDataPath(folder, id);
  const most = about.maxBytes ?? MAX_UPLOAD_BYTES;
  let bytes = 0;
  try {
    await pipeline(
      body,
      async function* count(source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          bytes += chunk.length;
          if (bytes > most)
            throw new AppError('TOO_LARGE', `The file is larger than ${Math.round(most / 1024 ** 2)} MB.`, {
              hint: 'Use the command: torv import FILE --help',
            });
          yield chunk;
        }
      },
      createWriteStream(path, { mode: 0o600, flags: 'wx' }),
    );
    const upload: Upload = {
      id,
      organisationId: about.organisationId,
      name: about.name.slice(0, 200),
      bytes,
      uploadedAt: new Date(about.nowMs).toISOString(),
      detected: await detect(path),
      state: 'uploaded',
      progress: 0,
      report: null,
    };
    await writeUpload(folder, upload);
    return upload;
  } catch (error) {
    await rm(path, { force: true });
    if ((error as { code?: string }).code === 'ENOSPC')
      throw new AppError('UNAVAILABLE', 'There is no room left on the disk of the server.', { cause: error });
    throw error;
  }
}

export function toDataPath(folder: string, id: string): string {
  return join(folder, `${id}.data`);
}

/** @throws AppError NOT_FOUND */
export async function getUpload(folder: string, id: string): Promise<Upload> {
  const missing = new AppError('NOT_FOUND', 'There is no such upload; they are removed after a day.');
  if (!/^[0-9a-f]{32}$/.test(id)) throw missing;
  try {
    return JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')) as Upload;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') throw missing;
    throw error;
  }
}

export async function findUploads(folder: string): Promise<Upload[]> {
  const names = await readdir(folder).catch(() => []);
  const found: Upload[] = [];
  for (const name of names) {
    if (!/^[0-9a-f]{32}\.json$/.test(name)) continue;
    const upload = await getUpload(folder, name.slice(0, 32)).catch(() => undefined);
    if (upload) found.push(upload);
  }
  return found.sort((a, b) => b.uploadedAt.localeCompare(a.uploadedAt));
}

/** Replaced as a whole, so that a reader never meets half a note. */
export async function writeUpload(folder: string, upload: Upload): Promise<void> {
  const path = join(folder, `${upload.id}.json`);
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(aside, JSON.stringify(upload), { mode: 0o600 });
  await rename(aside, path);
}

export async function removeUpload(folder: string, id: string): Promise<void> {
  await rm(toDataPath(folder, id), { force: true });
  await rm(join(folder, `${id}.json`), { force: true });
}

/** Also what an upload left behind that never came to its end. */
export async function removeOldUploads(folder: string, nowMs: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: nowMs }));
    if (nowMs - mtimeMs < KEEP_MS) continue;
    await rm(join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}
