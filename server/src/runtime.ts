/**
 * Everything that lives while Torv runs, opened in order and closed in reverse: database, sandbox, ingest, sweep.
 * The server and every command stand on it; it serves nothing itself.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { V1_1 } from '@torv/core/sta/version';
import { toBaseUrl } from './access/context.ts';
import { type Announcer, openAnnouncer } from './announcing/announcer.ts';
import type { Config } from './config.ts';
import { type Change, type Database, openDatabase } from './db/database.ts';
import type { Log } from './db/log.ts';
import { migrate } from './db/migrate.ts';
import { type Batcher, createBatcher } from './ingest/batcher.ts';
import { createDecoder, type Decoder } from './ingest/decode/port.ts';
import { createInlet, type Inlet } from './ingest/inlet.ts';
import { REDECODE_JOB, runRedecode } from './ingest/redecode.ts';
import { sweepRetention } from './ingest/retention-store.ts';
import { openSpool } from './ingest/spool.ts';
import { sweepPending } from './ingest/sweep.ts';
import { DeviceKnowledge, type IngestDeps } from './ingest/uplink.ts';
import { createLive, type Live } from './observations/live.ts';
import { PURGE_EVERY_MS, purgeReadings } from './observations/purge.ts';
import { createJobRunner, type JobRunner } from './operations/jobs-port.ts';
import { createSealer, type Sealer } from './operations/seal-port.ts';
import { TIDY_EVERY_MS, tidyDatabase } from './operations/tidy-port.ts';
import { startAutomaticClaims } from './registry/automatic-claims.ts';
import { quarantineCodec } from './registry/codec-store.ts';
import { syncObservedProperties } from './registry/organisation-store.ts';
import { syncShippedCodecs } from './registry/shipped-codec-store.ts';
import { createUpdates, type Updates } from './sensorthings/updates.ts';

const DAY_MS = 86_400_000;

export interface Runtime {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly decoder: Decoder;
  /** A pool of its own for scripts that people try, so that they disturb no frame. */
  readonly tryDecoder: Decoder;
  readonly live: Live;
  /** Tells MQTT subscribers; silent where there is no embedded broker. */
  readonly updates: Updates;
  /** To those who listen, here and in other processes. */
  readonly announcer: Announcer;
  /** What was written through SensorThings, after the commit. */
  readonly announceChanges: (changes: readonly Change[]) => void;
  readonly ingest: IngestDeps;
  readonly batcher: Batcher;
  /** Begins to work with `jobs.start()`: the server does, a command does not. */
  readonly jobs: JobRunner;
  readonly inlet: Inlet;
  readonly sealer: Sealer;
  readonly now: () => number;
  /** What runs beside and can be ended by name: the demo town's feed. */
  readonly background: Map<string, { close(): Promise<void> }>;
  /** Frames wait to be decoded: soon, in the background. */
  wakeSweep(): void;
  /** Resolves when no frame waits any more. */
  sweepNow(): Promise<void>;
  close(): Promise<void>;
}

export interface RuntimeOptions {
  readonly migrationsDir: string;
  readonly codecsDir: string;
  /** Told in words what takes long. */
  readonly progress?: (text: string) => void;
  readonly now?: () => number;
}

export async function openRuntime(config: Config, log: Log, options: RuntimeOptions): Promise<Runtime> {
  const say = options.progress ?? (() => undefined);
  const now = options.now ?? Date.now;
  say(
    config.databaseUrl === undefined
      ? `Opening the database in ${config.dataDir}`
      : 'Connecting to PostgreSQL',
  );
  const database = await openDatabase({ url: config.databaseUrl, dataDir: config.dataDir, log });
  try {
    const applied = await migrate(database.sql, options.migrationsDir, log);
    if (applied.length > 0) say(`Prepared the database (${applied.length} steps)`);
    await syncObservedProperties(database.sql);
    const added = await syncShippedCodecs(database.sql, options.codecsDir);
    if (added > 0) say(`Installed ${added} codecs`);
  } catch (error) {
    await database.close();
    throw error;
  }
  return assembleRuntime({ config, log, database, now });
}

/** The parts of a runtime around a database that is open and migrated; its `close` closes the database too. */
export async function assembleRuntime(
  base: Pick<Runtime, 'config' | 'log' | 'database' | 'now'>,
): Promise<Runtime> {
  const { config, log, database, now } = base;
  const decoder = createDecoder({ workers: Math.max(1, Math.min(4, availableParallelism() - 1)) });
  const tryDecoder = createDecoder({ workers: 1 });
  const live = createLive(() => announcer.wantedChanged());
  const updates = createUpdates({
    sql: database.boundedSql,
    wire: { version: V1_1, root: `${toBaseUrl(config)}/sta/${V1_1.path}` },
    log,
    now,
    onListen: () => announcer.wantedChanged(),
  });
  const announcer = openAnnouncer({ database, live, updates, log });
  const ingest: IngestDeps = {
    sql: database.sql,
    decoder,
    devices: new DeviceKnowledge(),
    announce: announcer.readings,
    wakeSweep: () => sweeper.wake(),
  };
  const sweeper = createSweeper(ingest, log);
  decoder.onQuarantine((key, reason) => {
    const [organisation = '', hash = ''] = key.split(':');
    quarantineCodec(database.sql, Number(organisation), hash, reason).catch((error: unknown) =>
      log.error({ err: error }, 'A codec is switched off, but that could not be noted'),
    );
    log.warn({ key, reason }, 'A codec was switched off after repeated faults');
  });
  const batcher = createBatcher(ingest, { log, ...(database.kind === 'embedded' ? { lanes: 2 } : {}) });
  const jobs = createJobRunner({ sql: database.sql, log, isAlone: database.kind === 'embedded' });
  jobs.register(REDECODE_JOB, (context) => runRedecode(ingest, context));
  jobs.registerRecurring('tidy', TIDY_EVERY_MS, () => tidyDatabase(database));
  jobs.registerRecurring('purge', PURGE_EVERY_MS, ({ signal }) => purgeReadings(database.sql, { signal }));
  jobs.registerRecurring('retention', DAY_MS, () => sweepRetention(database.sql, now()));
  const disk = await openSpool({ directory: join(config.dataDir, 'spool') });
  const inlet = createInlet({ sql: database.sql, batcher, disk, log, now });
  const claims = startAutomaticClaims({ sql: database.sql, now, wakeSweep: sweeper.wake, log });
  return {
    config,
    log,
    database,
    decoder,
    tryDecoder,
    live,
    updates,
    announcer,
    announceChanges: announcer.changes,
    ingest,
    batcher,
    jobs,
    inlet,
    sealer: createSealer(config),
    background: new Map(),
    now,
    wakeSweep: sweeper.wake,
    sweepNow: sweeper.settle,
    async close() {
      await jobs.close();
      await inlet.close();
      await batcher.close();
      await claims.close();
      await sweeper.close();
      await Promise.all([decoder.close(), tryDecoder.close()]);
      await announcer.close();
      await database.close();
    },
  };
}

/** One sweep at a time; a wake during a sweep makes one more. */
function createSweeper(ingest: IngestDeps, log: Log) {
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  async function run(): Promise<void> {
    do {
      again = false;
      try {
        const report = await sweepPending(ingest);
        if (report.frames > 0) log.info(report, 'Decoded frames that had waited');
      } catch (error) {
        log.warn({ err: error }, 'Frames that wait could not be decoded now; they are tried again later');
      }
    } while (again && !closed);
    running = undefined;
  }
  function wake(): void {
    if (closed) return;
    again = true;
    running ??= run();
  }
  return {
    wake,
    async settle() {
      wake();
      await running;
    },
    async close() {
      closed = true;
      await running;
    },
  };
}
