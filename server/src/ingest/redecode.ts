/**
 * Decoding again: another version of a codec applied to frames of the past. One device and UTC day at a time is
 * decoded outside of any transaction, staged, and swapped in one short transaction together with the checkpoint,
 * so that a job that was killed goes on where it was and a day is never half old and half new.
 * Each reading goes to the assignment in force at its own time.
 */
import { AppError } from '@torv/core/errors';
import type { FieldMapping } from '@torv/core/mapping';
import { sayReason } from '@torv/core/reasons';
import { toInstant } from '@torv/core/time';
import { type Change, noteChanges, type Sql, type Transaction } from '../db/database.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import { insertReadings, type Reading, takeReadingNumbers } from '../observations/store.ts';
import type { JobContext } from '../operations/jobs-port.ts';
import { getCodecVersion, toScriptHash } from '../registry/codec-store.ts';
import {
  ensureDatastreams,
  findIngestDevicesById,
  type IngestCodec,
  type IngestDevice,
  lockDevices,
} from '../registry/ingest-store.ts';
import type { Decoder } from './decode/port.ts';
import { type ReadFrame, readFrames } from './readings.ts';
import {
  clearStaged,
  type DayOfDevice,
  DECODED_KEYS,
  findDays,
  findFramesOfDay,
  findOldReadings,
  findRivals,
  type KeptToRead,
  logDisplaced,
  type OldReading,
  type RedecodeScope,
  setReadStates,
  stageReadings,
  swapDay,
} from './redecode-store.ts';
import { UPLINK_STATES } from './states.ts';
import { markPending } from './store.ts';
import { type IngestDeps, toNeeds, toReadings } from './uplink.ts';

export interface RedecodeRequest extends RedecodeScope {
  /** Number of the codec's version. */
  readonly version: number;
}

export interface RedecodeExample {
  readonly deviceId: number;
  readonly property: string;
  readonly phenomenonTime: string;
  readonly old: number | boolean | null;
  readonly new: number | boolean | null;
}

export interface RedecodePreview {
  readonly devices: number;
  readonly days: number;
  readonly frames: number;
  /** Of these the rest is about; all of them where they are few. */
  readonly sampledFrames: number;
  readonly unchanged: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  readonly newlyRejected: number;
  readonly newlyDecoded: number;
  readonly examples: readonly RedecodeExample[];
}

const MAX_EXAMPLES = 20;
const SAMPLE_FRAMES = 2_000;
const HISTORY_MS = 32 * 86_400_000;

async function getCodec(sql: Sql, request: RedecodeRequest): Promise<IngestCodec> {
  const version = await getCodecVersion(sql, request.codecId, request.version);
  return {
    codecId: version.codecId,
    versionId: version.id,
    key: `${request.organisationId}:${toScriptHash(version.script)}`,
    script: version.script,
    mapping: (version.description.mapping ?? []) as readonly FieldMapping[],
    quarantineReason: null,
  };
}

async function getDevice(sql: Sql, deviceId: number, codec: IngestCodec): Promise<IngestDevice> {
  const [device] = await findIngestDevicesById(sql, [deviceId]);
  if (!device) throw new AppError('NOT_FOUND', 'The device is gone.', { at: 'device' });
  return { ...device, codec };
}

function readKept(decoder: Decoder, device: IngestDevice, frames: readonly KeptToRead[]) {
  return readFrames(
    decoder,
    frames.map(({ payload, fPort, networkTime }) => ({ device, payload, fPort, networkTime })),
  );
}

function toReadable(device: IngestDevice, frames: readonly KeptToRead[], reads: readonly ReadFrame[]) {
  return frames.map((frame, i) => ({ ...frame, device, read: reads[i] as ReadFrame }));
}

const toValue = (row: OldReading) => row.number ?? (row.json === null ? null : row.json === 'true');

/**
 * What would change, told from a sample of days spread over the period (all of them where they are few). Writes
 * nothing: a reading for a Datastream that does not exist yet counts as added.
 */
export async function previewRedecode(
  deps: Pick<IngestDeps, 'sql' | 'decoder'>,
  request: RedecodeRequest,
  maxFrames = SAMPLE_FRAMES,
): Promise<RedecodePreview> {
  const codec = await getCodec(deps.sql, request);
  const days = await findDays(deps.sql, request);
  const total = days.reduce((sum, day) => sum + day.frames, 0);
  const sample = toSample(days, total, maxFrames);
  const count = { unchanged: 0, changed: 0, added: 0, removed: 0, newlyRejected: 0, newlyDecoded: 0 };
  const examples: RedecodeExample[] = [];
  let sampledFrames = 0;
  for (const day of sample) {
    const device = await getDevice(deps.sql, day.deviceId, codec);
    const frames = await findFramesOfDay(deps.sql, day, request);
    sampledFrames += frames.length;
    const reads = await readKept(deps.decoder, device, frames);
    frames.forEach((frame, i) => {
      const isRejected = reads[i]?.state === 'rejected';
      if (isRejected && frame.state !== UPLINK_STATES.rejected) count.newlyRejected++;
      if (!isRejected && frame.state === UPLINK_STATES.rejected) count.newlyDecoded++;
    });
    const old = new Map(
      (
        await findOldReadings(
          deps.sql,
          day,
          frames.map((f) => f.id),
        )
      ).map((row) => [`${row.datastreamId} ${row.phenomenonTime} ${row.channel}`, row]),
    );
    const said = new Set<string>();
    const show = (example: RedecodeExample) => examples.length < MAX_EXAMPLES && examples.push(example);
    for (const [key, property, reading] of toComparable(device, frames, reads)) {
      if (said.has(key)) continue;
      said.add(key);
      const before = old.get(key);
      old.delete(key);
      const example = { deviceId: device.id, property, phenomenonTime: reading.phenomenonTime };
      if (!before) {
        count.added++;
        show({ ...example, old: null, new: reading.value });
      } else if (toValue(before) === reading.value && before.quality === reading.quality) count.unchanged++;
      else {
        count.changed++;
        show({ ...example, old: toValue(before), new: reading.value });
      }
    }
    for (const row of old.values()) {
      count.removed++;
      show({
        deviceId: device.id,
        property: row.property,
        phenomenonTime: row.phenomenonTime,
        old: toValue(row),
        new: null,
      });
    }
  }
  return {
    devices: new Set(days.map((day) => day.deviceId)).size,
    days: days.length,
    frames: total,
    sampledFrames,
    ...count,
    examples,
  };
}

/** Days spread evenly over the whole, so that the sample meets every device and season. */
function toSample(days: readonly DayOfDevice[], total: number, maxFrames: number): readonly DayOfDevice[] {
  if (total <= maxFrames) return days;
  const wanted = Math.max(1, Math.floor((days.length * maxFrames) / total));
  return Array.from(
    { length: wanted },
    (_, i) => days[Math.floor((i * days.length) / wanted)] as DayOfDevice,
  );
}

/** Readings with a Datastream where there is one; negative numbers stand for Datastreams not made yet. */
function* toComparable(
  device: IngestDevice,
  frames: readonly KeptToRead[],
  reads: readonly ReadFrame[],
): Generator<readonly [key: string, property: string, reading: Reading]> {
  const missing = new Map<string, number>();
  const names = new Map<number, string>();
  for (const { assignment } of reads.flatMap((read) => read.planned)) {
    for (const [key, id] of assignment.datastreams) names.set(id, key.split('#')[0] as string);
  }
  for (const need of toNeeds(reads.map((read) => ({ device, read })))) {
    const key = `${need.assignment.id}/${need.property}#${need.channel}`;
    const id = missing.get(key) ?? -1 - missing.size;
    missing.set(key, id);
    names.set(id, need.property);
  }
  for (const reading of toReadings(toReadable(device, frames, reads), missing)) {
    const key = `${reading.datastreamId} ${reading.phenomenonTime} ${reading.channel}`;
    yield [key, names.get(reading.datastreamId) ?? '', reading];
  }
}

interface Checkpoint {
  readonly deviceId: number;
  readonly day: string;
  readonly total: RedecodeResult;
}

export interface RedecodeResult {
  readonly days: number;
  readonly frames: number;
  readonly changed: number;
  /** Not in the log of corrections, which holds old values: these had none. */
  readonly added: number;
  readonly removed: number;
  readonly rejected: number;
}

export const REDECODE_JOB = 'redecode';

/** The job: every device and day of the request, from the checkpoint on. */
export async function runRedecode(deps: IngestDeps, context: JobContext): Promise<RedecodeResult> {
  const request = context.payload as RedecodeRequest;
  const codec = await getCodec(deps.sql, request);
  const days = await findDays(deps.sql, request);
  const done = context.checkpoint as Checkpoint | null;
  let total: RedecodeResult = done?.total ?? {
    days: 0,
    frames: 0,
    changed: 0,
    added: 0,
    removed: 0,
    rejected: 0,
  };
  for (const [i, day] of days.entries()) {
    if (done && (day.deviceId < done.deviceId || (day.deviceId === done.deviceId && day.day <= done.day)))
      continue;
    const before = total;
    total = await redecodeDay(deps, request, codec, day, context, (tx, result) =>
      context.saveCheckpoint(
        tx,
        { deviceId: day.deviceId, day: day.day, total: addResults(before, result) } satisfies Checkpoint,
        (i + 1) / days.length,
        sayReason('job_days', { n: i + 1, other: days.length }),
      ),
    ).then((result) => addResults(before, result));
  }
  return total;
}

function addResults(a: RedecodeResult, b: RedecodeResult): RedecodeResult {
  return {
    days: a.days + b.days,
    frames: a.frames + b.frames,
    changed: a.changed + b.changed,
    added: a.added + b.added,
    removed: a.removed + b.removed,
    rejected: a.rejected + b.rejected,
  };
}

/** One device's day. Starts over when the device or its frames changed while they were being decoded. */
async function redecodeDay(
  deps: IngestDeps,
  request: RedecodeRequest,
  codec: IngestCodec,
  day: DayOfDevice,
  context: JobContext,
  save: (tx: Transaction, result: RedecodeResult) => Promise<void>,
): Promise<RedecodeResult> {
  for (let tries = 0; tries < 10; tries++) {
    const device = await getDevice(deps.sql, day.deviceId, codec);
    const frames = await findFramesOfDay(deps.sql, day, request);
    const reads = await readKept(deps.decoder, device, frames);
    await ensurePartitions(
      deps.sql,
      'observations',
      reads.flatMap((read) => read.planned.map((p) => p.measurement.phenomenonTime)),
    );
    const result = await deps.sql.begin(async (tx) => {
      const epochs = await lockDevices(tx, [device.id]);
      const now = await findFramesOfDay(tx, day, request);
      if (epochs.get(device.id) !== device.epoch || !isSame(frames, now)) return undefined;
      const swapped = await writeDay(tx, request, device, day, context.id, frames, reads);
      await save(tx, swapped);
      return swapped;
    });
    if (!result) continue;
    deps.devices.forget(device);
    return result;
  }
  throw new AppError('UNAVAILABLE', 'The device changes all the time; decoding again is tried later.');
}

function isSame(a: readonly KeptToRead[], b: readonly KeptToRead[]): boolean {
  return (
    a.length === b.length &&
    a.every((f, i) => f.id === b[i]?.id && f.networkTime === b[i]?.networkTime && f.state === b[i]?.state)
  );
}

async function writeDay(
  tx: Transaction,
  request: RedecodeRequest,
  device: IngestDevice,
  day: DayOfDevice,
  jobId: number,
  frames: readonly KeptToRead[],
  reads: readonly ReadFrame[],
): Promise<RedecodeResult> {
  const ids = frames.map((f) => f.id);
  const made = await ensureDatastreams(tx, toNeeds(reads.map((read) => ({ device, read }))));
  const readings = toReadings(toReadable(device, frames, reads), made);
  await stageReadings(tx, jobId, device.id, readings);
  const rivals = await findRivals(tx, jobId, ids);
  const { changed, removed, freed } = await swapDay(tx, jobId, request.organisationId, day, ids);
  const stored = await insertReadings(tx, readings, await takeReadingNumbers(tx, readings.length));
  const displaced = stored.flatMap((row) => {
    const old = rivals.get(row.id);
    return old ? [{ old, value: row.value, quality: row.quality }] : [];
  });
  await logDisplaced(tx, jobId, request.organisationId, displaced);
  noteChanges(
    tx,
    stored.map(
      ({ id, datastreamId, phenomenonTime }): Change =>
        rivals.has(id)
          ? { kind: 'updated', entity: 'observation', id, keys: DECODED_KEYS }
          : { kind: 'created', entity: 'observation', id, reading: { datastreamId, phenomenonTime } },
    ),
  );
  const rejected = reads.filter((read) => read.state === 'rejected').length;
  const wasRejected = frames.filter((f) => f.state === UPLINK_STATES.rejected).length;
  await setReadStates(
    tx,
    device.id,
    frames.map((frame, i) => {
      const { state, reason, codecVersionId } = reads[i] as ReadFrame;
      return { id: frame.id, networkTime: frame.networkTime, state, reason, codecVersionId };
    }),
    rejected - wasRejected,
  );
  await reopenRivals(tx, device, freed, ids);
  await clearStaged(tx, jobId);
  return {
    days: 1,
    frames: frames.length,
    changed: changed + displaced.length,
    added: stored.length - displaced.length,
    removed,
    rejected,
  };
}

/** A moment that is free now may have been claimed by a frame of another day: the sweep reads those again. */
async function reopenRivals(
  tx: Transaction,
  device: IngestDevice,
  freed: readonly string[],
  except: readonly number[],
): Promise<void> {
  if (freed.length === 0 || !device.codec?.mapping.some((row) => row.time !== undefined)) return;
  const times = freed.map((time) => Date.parse(time));
  await markPending(tx, device.id, ['decoded'], {
    from: toInstant(Math.min(...times) - 3_600_000),
    until: toInstant(Math.max(...times) + HISTORY_MS),
    except,
  });
}
