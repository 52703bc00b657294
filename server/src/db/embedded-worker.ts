/**
 * The thread in which the embedded PostgreSQL (PGlite, WebAssembly) runs. It executes what it is handed, one unit
 * after the other, and answers with the raw bytes. It knows nothing of clients: embedded-sessions.ts decides
 * whose turn it is. It may be ended at any moment; what it has committed is in the files by then.
 */
import { existsSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { type Extension, PGlite } from '@electric-sql/pglite';
import { postgis } from '@electric-sql/pglite-postgis';
import type { FromWorker, ToWorker } from './embedded-backend.ts';
import { createReadyCutter } from './protocol.ts';

if (parentPort === null) throw new Error('embedded-worker.ts runs only as a worker thread');
const port = parentPort;

/** Rows leave in pieces of about this size: not one message per row, not one buffer per result. */
const PIECE_BYTES = 256 * 1024;

const START_PARAMETERS = [
  ...PGlite.defaultStartParams,
  ...['-c', 'timezone=UTC', '-c', 'datestyle=ISO, MDY', '-c', 'intervalstyle=iso_8601'],
  // No replica reads this log, and the process is the only one: less is written for bulk loads.
  ...['-c', 'wal_level=minimal', '-c', 'max_wal_senders=0', '-c', 'jit=off'],
];

/** The part that Torv uses, which the build puts beside this file; without it the whole, which takes longer to open. */
const BUNDLE = new URL('./postgis.tar.gz', import.meta.url);
const trimmedPostgis: Extension = {
  name: postgis.name,
  async setup(pg, emscriptenOpts) {
    const whole = await postgis.setup(pg, emscriptenOpts);
    return existsSync(BUNDLE) ? { ...whole, bundlePath: BUNDLE } : whole;
  },
};

let database: PGlite | undefined;

function say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

async function open(folder: string): Promise<void> {
  database = await PGlite.create({
    dataDir: `file://${folder}`,
    extensions: { postgis: trimmedPostgis },
    startParams: START_PARAMETERS,
  });
  const { rows } = await database.query<{ version: string; number: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('The embedded database does not say its version');
  say({ kind: 'opened', version: row.version, versionNumber: Number(row.number) });
}

async function execute(bytes: Uint8Array): Promise<void> {
  if (database === undefined) throw new Error('The embedded database is not open');
  let pieces: Uint8Array[] = [];
  let length = 0;
  const cutter = createReadyCutter();
  const flush = (): void => {
    if (length === 0) return;
    const whole = new Uint8Array(length);
    let offset = 0;
    for (const piece of pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    pieces = [];
    length = 0;
    say({ kind: 'rows', bytes: whole }, [whole.buffer]);
  };
  await database.execProtocolRawStream(bytes, {
    syncToFs: false, // the files are written through; there is no second copy to bring up to date
    onRawData: (chunk) => {
      for (const piece of cutter.push(chunk)) {
        pieces.push(piece.slice()); // a view of the module's memory, which the next row overwrites
        length += piece.length;
      }
      if (length >= PIECE_BYTES) flush();
    },
  });
  if (cutter.isOver) {
    // The next message would be waited for without end.
    const text = new TextDecoder().decode(pieces.at(-1));
    throw new Error(`The backend ended itself: ${/\0M([^\0]*)\0/.exec(text)?.[1] ?? 'no reason given'}`);
  }
  flush();
  say({ kind: 'executed', state: cutter.state });
}

async function handle(message: ToWorker): Promise<void> {
  if (message.kind === 'open') return open(message.folder);
  if (message.kind === 'execute') return execute(message.bytes);
  await database?.close();
  say({ kind: 'closed' });
}

port.on('message', (message: ToWorker) => {
  handle(message).catch((error: unknown) => {
    say({ kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  });
});
