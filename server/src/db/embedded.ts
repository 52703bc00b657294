/**
 * The embedded database: a data folder of our own, locked, with a PostgreSQL in a worker thread behind streams
 * that speak its protocol, so that the same driver and the same SQL serve as with an external one.
 * For trials and small sites: docs/operating.md says what it cannot do.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { checkFolderRecord, lockFolder, writeFolderRecord } from './data-folder.ts';
import { type Backend, openBackend, toDiskFull } from './embedded-backend.ts';
import { createSessions, type SessionLimits } from './embedded-sessions.ts';
import type { Log } from './log.ts';

/** The major version inside the pinned PGlite; a folder of another one is refused before it is touched. */
export const EMBEDDED_MAJOR = 18;

const LIMITS: SessionLimits = { idleInTransactionMs: 60_000, checkpointEveryUnits: 2_000 };

export interface Embedded {
  readonly version: string;
  connect(deadlineMs: number | undefined): Duplex;
  close(): Promise<void>;
}

/** @throws AppError DATA_IN_USE, or UNAVAILABLE when the folder cannot be opened by this version. */
export async function openEmbedded(
  dataDir: string,
  log: Log,
  limits: Partial<SessionLimits> = {},
): Promise<Embedded> {
  const folder = resolve(dataDir);
  const lock = await lockFolder(folder).catch((error: unknown) => {
    throw (error as { code?: unknown }).code === 'ENOSPC' ? toDiskFull(folder) : error;
  });
  try {
    checkFolderRecord(folder, EMBEDDED_MAJOR);
    const backend = await openCluster(folder, log);
    await writeFolderRecord(folder, Math.floor(backend.versionNumber / 10_000));
    const sessions = createSessions(backend, { ...LIMITS, ...limits }, log);
    let closing: Promise<void> | undefined;
    async function closeOnce(): Promise<void> {
      await sessions.close();
      await backend.close();
      lock.release();
    }
    return {
      version: backend.version,
      connect: sessions.connect,
      close() {
        // A second time there is no thread left that could answer.
        closing ??= closeOnce();
        return closing;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openCluster(folder: string, log: Log): Promise<Backend> {
  const cluster = join(folder, 'database');
  // A first start that was killed half-way leaves this mark: what it made holds nothing and is made again.
  const mark = join(folder, 'database.making');
  if (existsSync(mark)) rmSync(cluster, { recursive: true, force: true });
  const isNew = !existsSync(cluster);
  if (isNew) {
    log.info({ folder: cluster }, 'Making a new database; this takes some seconds');
    writeFileSync(mark, '');
  }
  const backend = await openBackend(cluster, log);
  if (isNew) rmSync(mark, { force: true });
  return backend;
}
