/**
 * One process per data folder. The lock names the process that has it (id, start time, boot), so that the lock of
 * a killed process is taken over and that of a living one is respected although ids are used again.
 * torv.json says which format the folder has; a folder from another major version is refused, never guessed at.
 */
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@torv/core/errors';

/** Raise it when a folder can no longer be read by the version before; give a way over in docs/operating.md. */
export const DATA_FORMAT = 1;
const HEARTBEAT_MS = 2_000;
/** So long a lock from another container is watched for a sign of life. */
const WATCH_MS = 6_000;
/** A process that takes a stale lock over is done in milliseconds; an older mark is left over from a killed one. */
const TAKEOVER_MS = 10_000;

interface LockOwner {
  readonly pid: number;
  /** Ticks since boot at which the process began, where the system tells. */
  readonly startedAt: string | undefined;
  readonly boot: string | undefined;
  /** The container's set of process ids: a pid of another one says nothing here. */
  readonly namespace: string | undefined;
  readonly token: string;
}

export interface FolderLock {
  release(): void;
}

/** @throws AppError DATA_IN_USE when a living process has the folder. */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'torv.lock');
  const self: LockOwner = { ...describeProcess(process.pid), token: randomUUID() };
  if (!tryCreate(file, self)) await takeOver(dataDir, file, self);

  const heartbeat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // the folder is gone; the database will say so itself
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const release = (): void => {
    clearInterval(heartbeat);
    process.off('exit', release);
    if (readOwner(file)?.token === self.token) rmSync(file, { force: true });
  };
  process.once('exit', release);
  return { release };
}

async function takeOver(dataDir: string, file: string, self: LockOwner): Promise<void> {
  // Two processes that both find the same stale lock must not both remove it: the second would remove the first's.
  const mark = join(dataDir, 'torv.lock.takeover');
  if (existsSync(mark) && Date.now() - statSync(mark).mtimeMs > TAKEOVER_MS)
    rmSync(mark, { recursive: true });
  try {
    mkdirSync(mark);
  } catch {
    throw toInUse(dataDir, undefined);
  }
  try {
    const owner = readOwner(file);
    if (owner !== undefined && (await isAlive(owner, file))) throw toInUse(dataDir, owner.pid);
    rmSync(file, { force: true });
    if (!tryCreate(file, self)) throw toInUse(dataDir, readOwner(file)?.pid);
  } finally {
    rmSync(mark, { recursive: true, force: true });
  }
}

function toInUse(dataDir: string, pid: number | undefined): AppError {
  const who = pid === undefined ? 'Another process' : `Another process (${pid})`;
  return new AppError('DATA_IN_USE', `${who} already uses the data folder ${dataDir}.`, {
    hint: 'Stop it first, or set TORV_DATA to another folder.',
  });
}

function tryCreate(file: string, owner: LockOwner): boolean {
  try {
    writeFileSync(file, `${JSON.stringify(owner)}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** undefined for no lock, and for one whose writer was killed before it had written it. */
function readOwner(file: string): LockOwner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof owner === 'object' && owner !== null && 'pid' in owner ? (owner as LockOwner) : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(owner: LockOwner, file: string): Promise<boolean> {
  const here = describeProcess(process.pid);
  if (owner.namespace !== here.namespace) {
    const before = statSync(file).mtimeMs;
    await sleep(WATCH_MS);
    return existsSync(file) && statSync(file).mtimeMs !== before;
  }
  if (owner.boot !== here.boot) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false;
  }
  return describeProcess(owner.pid).startedAt === owner.startedAt;
}

function describeProcess(pid: number): Omit<LockOwner, 'token'> {
  // Field 22 of stat; the second, the name, may hold spaces and brackets.
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    startedAt: fields?.[0] === 'Z' ? 'ended' : fields?.[19],
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

interface FolderRecord {
  readonly format: number;
  readonly postgresMajor: number;
}

/** @throws AppError UNAVAILABLE when this version of Torv cannot read the folder. */
export function checkFolderRecord(dataDir: string, postgresMajor: number): void {
  const text = attempt(() => readFileSync(join(dataDir, 'torv.json'), 'utf8'));
  if (text === undefined) return;
  const record = attempt(() => JSON.parse(text) as Partial<FolderRecord>);
  if (typeof record?.format !== 'number' || typeof record.postgresMajor !== 'number') {
    throw new AppError('UNAVAILABLE', `${join(dataDir, 'torv.json')} cannot be read.`, {
      hint: 'Restore it from a backup; it says which version the data folder has.',
    });
  }
  if (record.format > DATA_FORMAT) {
    throw new AppError(
      'UNAVAILABLE',
      `The data folder ${dataDir} has format ${record.format}; this version of Torv reads up to ${DATA_FORMAT}.`,
      { hint: 'Start the newer version of Torv that wrote it.' },
    );
  }
  if (record.format < DATA_FORMAT || record.postgresMajor !== postgresMajor) {
    throw new AppError(
      'UNAVAILABLE',
      `The data folder ${dataDir} was written by PostgreSQL ${record.postgresMajor}; this version of Torv has ${postgresMajor}.`,
      {
        hint: 'Make a backup with the version that wrote it (torv backup) and restore it here into a new folder.',
      },
    );
  }
}

export async function writeFolderRecord(dataDir: string, postgresMajor: number): Promise<void> {
  const file = join(dataDir, 'torv.json');
  if (existsSync(file)) return;
  const record: FolderRecord = { format: DATA_FORMAT, postgresMajor };
  await writeFile(`${file}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
