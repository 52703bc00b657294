/** An ingest process of its own that the test kills: listens at the brokers as the server does. */
import { join } from 'node:path';
import { parseConfig } from '../src/config.ts';
import { openDatabase } from '../src/db/database.ts';
import { createSourceManager } from '../src/ingest/source-manager.ts';
import { assembleRuntime } from '../src/runtime.ts';

const [url = '', dataDir = '', leaseMs = ''] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn: console.error, error: console.error };
const database = await openDatabase({ url, dataDir: join(dataDir, 'db'), log });
const config = parseConfig({ TORV_DATA: dataDir, TORV_SECRET_KEY: 'of-the-test-and-of-nobody-else-at-all' });
const runtime = await assembleRuntime({ config, log, database, now: Date.now });
createSourceManager({
  sql: database.sql,
  inlet: runtime.inlet,
  sealer: runtime.sealer,
  log,
  resolveHost: async (host) => host,
  mostSlots: 4,
  leaseMs: Number(leaseMs),
  retryFromMs: 50,
});
process.stdout.write('ready\n');
