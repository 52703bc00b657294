/**
 * `torv bench`: how many uplinks a second are decoded and committed, into a database of its own, beside a bare
 * COPY of the same rows in the same run (embedded: a bare insert by unnest); or how fast a SensorThings server answers.
 * Machines differ and are shared: the ratio is what can be compared. Never touches an installation's data.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '@torv/core/errors';
import { openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { syncObservedProperties } from '../registry/organisation-store.ts';
import { syncShippedCodecs } from '../registry/shipped-codec-store.ts';
import { SILENT } from './bare-copy.ts';
import { benchIngest } from './ingest.ts';
import { runStaBench, STA_HELP } from './sta/command.ts';
import { benchStore } from './store.ts';

const HELP = `torv bench ingest [--uplinks 60000] [--devices 200] [--broker mqtt://...] [--heard] [--database-url postgres://...]
torv bench store [--readings 400000] [--devices 200] [--database-url postgres://...]

Feeds messages as ChirpStack v4 sends them, of room sensors with four readings each, and says how many are decoded
and committed a second. With --broker they are published there at QoS 1 and taken by Torv's listener (Mosquitto needs
max_inflight_messages 0 and max_queued_messages 0, else it hands out twenty at a time and drops what waits). With
--heard somebody as far away as another process on the same PostgreSQL is told of every reading. With
--database-url it makes a database "torv_bench" there and drops it again; without, it uses an embedded database in a
temporary folder. "store" measures only the last step, readings into their table and statistics.

${STA_HELP}`;

/** @throws AppError BAD_REQUEST naming the option */
function toCount(text: string, at: string, least: number): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < least)
    throw new AppError('BAD_REQUEST', `${at} must be a whole number of at least ${least}.`, { at });
  return count;
}

interface Context {
  readonly args: readonly string[];
  readonly root: string;
  readonly output: { line(text: string): void; error(text: string): void };
}

export const benchCommand = {
  name: 'bench',
  summary: 'Measure how fast this machine takes uplinks, or a SensorThings server answers',
  help: HELP,
  async runAlone({ args, root, output }: Context): Promise<number> {
    if (args[0] === 'sta') return runStaBench(args.slice(1), output);
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        uplinks: { type: 'string', default: '60000' },
        readings: { type: 'string', default: '400000' },
        devices: { type: 'string', default: '200' },
        broker: { type: 'string' },
        heard: { type: 'boolean', default: false },
        'database-url': { type: 'string' },
      },
    });
    if (positionals[0] !== 'ingest' && positionals[0] !== 'store') {
      output.error(HELP);
      return 2;
    }
    const dataDir = await mkdtemp(join(tmpdir(), 'torv-bench-'));
    const url = values['database-url'];
    try {
      const own = url === undefined ? undefined : await createScratch(url, dataDir);
      const database = await openDatabase({ dataDir, log: SILENT, url: own });
      try {
        await migrate(database.sql, join(root, 'server/migrations'), SILENT);
        await syncObservedProperties(database.sql);
        await syncShippedCodecs(database.sql, join(root, 'codecs'));
        const scratch = { ...database, url: own, dataDir };
        const devices = toCount(values.devices, '--devices', 1);
        const lines =
          positionals[0] === 'store'
            ? await benchStore(scratch, { readings: toCount(values.readings, '--readings', 10_000), devices })
            : await benchIngest(scratch, {
                uplinks: toCount(values.uplinks, '--uplinks', 1_000),
                devices,
                broker: values.broker,
                isHeard: values.heard,
              });
        for (const line of lines) output.line(line);
      } finally {
        await database.close();
        if (url !== undefined) await dropScratch(url, dataDir);
      }
      return 0;
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
} as const;

const SCRATCH = 'torv_bench';

async function administer(url: string, dataDir: string, statements: readonly string[]): Promise<void> {
  const database = await openDatabase({ url, dataDir, log: SILENT, maxConnections: 1 });
  for (const statement of statements) await database.sql.unsafe(statement);
  await database.close();
}

async function createScratch(url: string, dataDir: string): Promise<string> {
  await administer(url, dataDir, [`DROP DATABASE IF EXISTS ${SCRATCH}`, `CREATE DATABASE ${SCRATCH}`]);
  const own = new URL(url);
  own.pathname = `/${SCRATCH}`;
  return own.href;
}

function dropScratch(url: string, dataDir: string): Promise<void> {
  return administer(url, dataDir, [`DROP DATABASE IF EXISTS ${SCRATCH} WITH (FORCE)`]);
}
