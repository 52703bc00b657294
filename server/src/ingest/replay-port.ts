/**
 * `torv replay`: recorded frames out of a file, through the same way as live ones. However often a file is
 * replayed, each measurement is there once.
 */
import { createReadStream } from 'node:fs';
import { extname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { AppError } from '@torv/core/errors';
import { compareInstants } from '@torv/core/time';
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { claimDevice } from '../registry/device-store.ts';
import { ensureOrganisation, type Organisation } from '../registry/organisation-store.ts';
import { createPlace, findPlaces } from '../registry/place-store.ts';
import { type AcceptReport, acceptMessages, type Message } from './accept.ts';
import type { Batcher } from './batcher.ts';
import { SOURCE_FORMATS, type SourceFormat } from './source.ts';
import { ensureSource } from './source-store.ts';
import { findRecordedArrival } from './sources/clock.ts';
import { ADAPTERS } from './sources/table.ts';

interface ReplayContext {
  readonly runtime: {
    readonly database: { readonly sql: Sql };
    readonly batcher: Batcher;
    readonly now: () => number;
    sweepNow(): Promise<void>;
  };
  readonly args: readonly string[];
  readonly cwd: string;
  readonly output: { line(text: string): void; error(text: string): void };
}

const BATCH_LINES = 1000;

const HELP = `torv replay FILE --format FORMAT --organisation ORG [--place PLACE --model MODEL]

Feeds recorded network-server messages (NDJSON, one message a line, .gz or not) through the pipeline.
  --format        one of: ${SOURCE_FORMATS.join(', ')}
  --organisation  name, slug or number; made when it is not there
  --place         name, reference or number of a place; made as a point when it is not there
  --model         key of the codec, e.g. elsys/ems; with --place it claims the file's devices in the same step`;

export const replayCommand = {
  name: 'replay',
  summary: 'Feed recorded frames from a file through the pipeline',
  help: HELP,
  async run({ runtime, args, cwd, output }: ReplayContext): Promise<number> {
    const { values, positionals } = parseReplayArgs(args);
    const file = positionals[0];
    if (file === undefined || values.format === undefined || values.organisation === undefined) {
      output.error(HELP);
      return 2;
    }
    if (!(SOURCE_FORMATS as readonly string[]).includes(values.format)) {
      throw new AppError('BAD_REQUEST', `There is no format "${values.format}".`, {
        at: '--format',
        hint: `The formats are: ${SOURCE_FORMATS.join(', ')}`,
      });
    }
    if ((values.place === undefined) !== (values.model === undefined)) {
      throw new AppError('BAD_REQUEST', 'A device is claimed with both --place and --model.', {
        hint: 'Leave both out to let the frames wait in the inbox.',
      });
    }
    const format = values.format as SourceFormat;
    const { sql } = runtime.database;
    const path = resolve(cwd, file);
    const organisation = await ensureOrganisation(sql, SYSTEM, values.organisation);
    if (organisation.made) output.line(`Made the organisation ${organisation.name} (${organisation.slug}).`);
    if (values.place !== undefined && values.model !== undefined) {
      await claimFromFile(
        sql,
        organisation,
        { path, format, place: values.place, model: values.model, now: runtime.now },
        output,
      );
    }
    const source = await ensureSource(sql, {
      organisationId: organisation.id,
      name: 'Replayed files',
      kind: 'file',
      format,
    });
    const begunMs = performance.now();
    let total = { messages: 0, frames: 0, copies: 0, rejected: 0, waiting: 0, readings: 0, ignored: 0 };
    const reasons = new Map<string, number>();
    let line = 0;
    const take = async (lines: readonly string[]) => {
      const messages: Message[] = lines.map((body) => ({
        body,
        arrivedAt: findArrival(body, runtime.now()),
      }));
      const report = await acceptMessages({ sql, batcher: runtime.batcher }, source, messages, false);
      total = addReport(total, report);
      for (const { reason } of [...report.rejections, ...report.ignored])
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      line += lines.length;
      output.line(`${line.toLocaleString('en')} lines, ${total.readings.toLocaleString('en')} new readings`);
    };
    await forEachBatch(path, take);
    await runtime.sweepNow();
    const seconds = (performance.now() - begunMs) / 1000;
    output.line(
      `${total.messages.toLocaleString('en')} messages in ${seconds.toFixed(1)} s: ${total.frames.toLocaleString('en')} frames, ` +
        `${total.copies.toLocaleString('en')} copies of frames already known, ${total.readings.toLocaleString('en')} new readings, ` +
        `${total.rejected + total.ignored} without a reading${total.waiting > 0 ? `, ${total.waiting.toLocaleString('en')} waiting in the inbox` : ''}.`,
    );
    for (const [reason, n] of reasons) output.line(`  ${n} x ${reason}`);
    await sayWhatIsThere(sql, organisation, output);
    return 0;
  },
} as const;

function parseReplayArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        organisation: { type: 'string' },
        place: { type: 'string' },
        model: { type: 'string' },
      },
    });
  } catch (error) {
    throw new AppError(
      'BAD_REQUEST',
      (error as Error).message.split('. ')[0] ?? 'The options are not right.',
      { hint: HELP },
    );
  }
}

type Total = {
  messages: number;
  frames: number;
  copies: number;
  rejected: number;
  waiting: number;
  readings: number;
  ignored: number;
};

function addReport(total: Total, report: AcceptReport): Total {
  return {
    messages: total.messages + report.messages,
    frames: total.frames + report.frames,
    copies: total.copies + report.copies,
    rejected: total.rejected + report.rejected + report.rejections.length,
    waiting: total.waiting + report.waiting,
    readings: total.readings + report.readings,
    ignored: total.ignored + report.ignored.length,
  };
}

/** When the recorder got a message, where the file says so; else now. */
function toArrival(message: unknown, now: number): string {
  return findRecordedArrival(message) ?? new Date(now).toISOString();
}

function findArrival(line: string, now: number): string {
  // Parsing every line twice would cost a third of the speed: only a recorder writes these members.
  if (!/"_(timestamp|date)"/.test(line)) return new Date(now).toISOString();
  try {
    return toArrival(JSON.parse(line), now);
  } catch {
    // A line that is not JSON is told when it is read for good.
    return new Date(now).toISOString();
  }
}

/** Lines of a file in batches; any size, a batch at a time in memory. @throws AppError BAD_FILE */
async function forEachBatch(
  path: string,
  take: (lines: readonly string[]) => Promise<void>,
  most = Number.POSITIVE_INFINITY,
): Promise<void> {
  const file = createReadStream(path);
  const input = extname(path) === '.gz' ? file.pipe(createGunzip()) : file;
  try {
    await new Promise((opened, failed) => {
      file.once('open', opened);
      file.once('error', failed);
    });
    let lines: string[] = [];
    let taken = 0;
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (text.trim() === '') continue;
      lines.push(text);
      if (lines.length < BATCH_LINES) continue;
      await take(lines);
      taken += lines.length;
      lines = [];
      if (taken >= most) return;
    }
    if (lines.length > 0) await take(lines);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'ENOENT') throw new AppError('BAD_FILE', `There is no file ${path}.`, { cause: error });
    if (code === 'EACCES' || code === 'EISDIR')
      throw new AppError('BAD_FILE', `The file ${path} cannot be read.`, { cause: error });
    if (typeof code === 'string' && code.startsWith('Z_'))
      throw new AppError('BAD_FILE', `${path} is not a whole gzip file.`, {
        hint: 'What came before the damage is kept.',
        cause: error,
      });
    throw error;
  } finally {
    file.destroy();
  }
}

/** Claims every device that the file's first lines speak of, from its first frame on. */
async function claimFromFile(
  sql: Sql,
  organisation: Organisation,
  input: {
    readonly path: string;
    readonly format: SourceFormat;
    readonly place: string;
    readonly model: string;
    readonly now: () => number;
  },
  output: { line(text: string): void },
): Promise<void> {
  const first = new Map<string, string>();
  await forEachBatch(input.path, async (lines) => {
    for (const text of lines) {
      try {
        const message: unknown = JSON.parse(text);
        const parsed = ADAPTERS[input.format].parse(message, toArrival(message, input.now()));
        if (parsed.kind !== 'uplink') continue;
        const { devEui, networkTime } = parsed.uplink;
        const known = first.get(devEui);
        if (known === undefined || compareInstants(networkTime, known) < 0) first.set(devEui, networkTime);
      } catch {
        // A line that is not JSON is told when it is fed.
      }
    }
  });
  await sql.begin(async (tx) => {
    const places = await findPlaces(tx, SYSTEM, organisation.id);
    const wanted = places.find(
      (p) => p.externalRef === input.place || p.name === input.place || String(p.id) === input.place,
    );
    const place =
      wanted ?? (await createPlace(tx, SYSTEM, organisation.id, { name: input.place, kind: 'point' }));
    if (!wanted) output.line(`Made the place ${place.name}.`);
    for (const [devEui, from] of first) {
      const [claimed] =
        await tx`SELECT FROM devices WHERE organisation_id = ${organisation.id} AND dev_eui = ${devEui} AND state <> 'waiting'`;
      if (claimed) continue;
      const { device } = await claimDevice(tx, SYSTEM, {
        organisationId: organisation.id,
        devEui,
        codecKey: input.model,
        placeId: place.id,
        from,
        now: new Date(input.now()).toISOString(),
      });
      output.line(`Claimed ${device.devEui} as ${input.model} in ${place.name}, from ${from}.`);
    }
  });
}

async function sayWhatIsThere(
  sql: Sql,
  organisation: Organisation,
  output: { line(text: string): void },
): Promise<void> {
  const rows = await sql<{ name: string; n: number; flagged: number }[]>`
    SELECT p.name, sum(s.observations)::bigint AS n
    FROM datastreams d JOIN datastream_stats s ON s.datastream_id = d.id JOIN observed_properties p ON p.id = d.observed_property_id
    WHERE d.organisation_id = ${organisation.id} GROUP BY p.name ORDER BY n DESC, p.name`;
  output.line(`${organisation.name} now has:`);
  for (const row of rows) output.line(`  ${Number(row.n).toLocaleString('en').padStart(10)}  ${row.name}`);
}
