/**
 * Which device measured where, from when until when. A move, also a back-dated one, takes the readings of its
 * time with it; history before it stays where it was measured. Devices are locked, so that no batch that is
 * being written meets a half-changed timeline.
 */
import { AppError } from '@torv/core/errors';
import type { PropertyKey } from '@torv/core/properties';
import type { Sql, Transaction } from '../db/database.ts';
import { markPending } from '../ingest/store.ts';
import { moveReadings, removeReadings } from '../observations/store.ts';
import { ensureDatastreams, findIngestDevicesById, lockDevices } from './ingest-store.ts';

export interface AssignmentInput {
  readonly deviceId: number;
  readonly placeId: number;
  /** RFC 3339, inclusive */
  readonly from: string;
  /** exclusive; absent: until the next assignment, or for good */
  readonly until?: string | null;
  readonly propertyKey?: PropertyKey;
  readonly channel?: number;
  readonly replacesId?: number;
}

interface Row {
  readonly id: number;
  readonly place_id: number;
  readonly valid_from: string;
  readonly valid_until: string | null;
}

const AHEAD_MS = 3_600_000;
const HISTORY_MS = 32 * 86_400_000;

const endMs = (until: string | null) => (until === null ? Number.POSITIVE_INFINITY : Date.parse(until));

/**
 * Puts a device (or one of its channels) into a place for a period. What the timeline said before about that
 * period gives way: an assignment around it is cut, one inside it ends. Readings of the period follow.
 * @returns the new assignment and whether kept frames are now to be decoded (the period was empty before)
 * @throws AppError NOT_FOUND, BAD_BODY
 */
export async function assignDevice(
  tx: Transaction,
  organisationId: number,
  input: AssignmentInput,
): Promise<{ readonly id: number; readonly pending: number }> {
  await lockDevices(tx, [input.deviceId]);
  const property = input.propertyKey ?? null;
  const channel = input.propertyKey === undefined ? null : (input.channel ?? 0);
  const [place] =
    await tx`SELECT FROM places WHERE thing_id = ${input.placeId} AND organisation_id = ${organisationId}`;
  if (!place) throw new AppError('NOT_FOUND', 'There is no such place.', { at: 'placeId' });
  const rows = await tx<Row[]>`
    SELECT id, place_id, valid_from, valid_until FROM assignments
    WHERE device_id = ${input.deviceId} AND property_key IS NOT DISTINCT FROM ${property} AND channel IS NOT DISTINCT FROM ${channel}
    ORDER BY valid_from`;
  const fromMs = Date.parse(input.from);
  const next = rows.find((row) => Date.parse(row.valid_from) > fromMs);
  const until = input.until === undefined ? (next?.valid_from ?? null) : input.until;
  if (endMs(until) <= fromMs)
    throw new AppError('BAD_BODY', 'The period ends before it begins.', { at: 'until' });
  const touched = rows.filter(
    (row) => Date.parse(row.valid_from) < endMs(until) && endMs(row.valid_until) > fromMs,
  );
  const [made] = await tx<{ id: number }[]>`
    INSERT INTO assignments (organisation_id, device_id, property_key, channel, place_id, valid_from, valid_until, replaces_id)
    VALUES (${organisationId}, ${input.deviceId}, ${property}, ${channel}, ${input.placeId}, ${input.from}, ${until},
      ${input.replacesId ?? null})
    RETURNING id`;
  const id = (made as { id: number }).id;
  for (const row of touched) await giveWay(tx, input.deviceId, row, id, input.from, until);
  if (input.propertyKey !== undefined)
    await takeChannel(tx, input.deviceId, id, `${input.propertyKey}#${channel}`, input.from, until);
  // Frames of a time that nothing covered have given no readings yet.
  const covered = touched.some(
    (row) => Date.parse(row.valid_from) <= fromMs && endMs(row.valid_until) >= endMs(until),
  );
  const pending = covered
    ? 0
    : await markPending(tx, input.deviceId, ['waiting', 'decoded'], {
        // A device's own times: ten minutes ahead of the frame at most, and a month behind it.
        from: new Date(fromMs - AHEAD_MS).toISOString(),
        ...(until === null ? {} : { until: new Date(endMs(until) + HISTORY_MS).toISOString() }),
      });
  await touchDevice(tx, input.deviceId);
  return { id, pending };
}

/** Cuts `old` so that [from, until) is free of it and takes its readings of that time to the new assignment. */
async function giveWay(
  tx: Transaction,
  deviceId: number,
  old: Row,
  newId: number,
  from: string,
  until: string | null,
): Promise<void> {
  const [device] = await findIngestDevicesById(tx, [deviceId]);
  const source = device?.assignments.find((a) => a.id === old.id);
  const target = device?.assignments.find((a) => a.id === newId);
  if (!device || !source || !target) return;
  for (const [key, datastreamId] of source.datastreams) {
    const [property, channel] = key.split('#') as [PropertyKey, string];
    const needed = { device, assignment: target, property, channel: Number(channel) };
    const made = await ensureDatastreams(tx, [needed]);
    const into = made.get(`${newId}/${key}`);
    if (into !== undefined) await moveReadings(tx, datastreamId, into, { from, until });
  }
  const startsBefore = Date.parse(old.valid_from) < Date.parse(from);
  const endsAfter = endMs(old.valid_until) > endMs(until);
  if (startsBefore && endsAfter) {
    // The old one goes on afterwards as an assignment of its own, with the same Datastreams.
    await tx`UPDATE assignments SET valid_until = ${from}, version = version + 1 WHERE id = ${old.id}`;
    await tx`
      WITH tail AS (
        INSERT INTO assignments (organisation_id, device_id, property_key, channel, place_id, valid_from, valid_until)
        SELECT organisation_id, device_id, property_key, channel, place_id, ${until}, ${old.valid_until}::timestamptz
        FROM assignments WHERE id = ${old.id} RETURNING id
      )
      INSERT INTO assignment_datastreams (assignment_id, property_key, channel, datastream_id)
      SELECT tail.id, s.property_key, s.channel, s.datastream_id FROM assignment_datastreams s, tail WHERE s.assignment_id = ${old.id}`;
  } else if (startsBefore) {
    await tx`UPDATE assignments SET valid_until = ${from}, version = version + 1 WHERE id = ${old.id}`;
  } else if (endsAfter) {
    await tx`UPDATE assignments SET valid_from = ${until}, version = version + 1 WHERE id = ${old.id}`;
  } else {
    await tx`DELETE FROM assignments WHERE id = ${old.id}`;
  }
}

/** A channel that gets a place of its own leaves the series of the whole device for that time. */
async function takeChannel(
  tx: Transaction,
  deviceId: number,
  newId: number,
  key: string,
  from: string,
  until: string | null,
): Promise<void> {
  const [device] = await findIngestDevicesById(tx, [deviceId]);
  const target = device?.assignments.find((a) => a.id === newId);
  if (!device || !target) return;
  const [property, channel] = key.split('#') as [PropertyKey, string];
  for (const source of device.assignments) {
    const datastreamId = source.propertyKey === null ? source.datastreams.get(key) : undefined;
    if (datastreamId === undefined) continue;
    const made = await ensureDatastreams(tx, [
      { device, assignment: target, property, channel: Number(channel) },
    ]);
    const into = made.get(`${newId}/${key}`);
    if (into !== undefined) await moveReadings(tx, datastreamId, into, { from, until });
  }
}

/**
 * Takes a device down at a moment: its open assignments end there. Readings after it were not measured in the
 * place any more and leave its series; the raw frames stay and can be decoded again.
 */
export async function endAssignments(
  tx: Transaction,
  deviceId: number,
  at: string,
): Promise<readonly number[]> {
  await lockDevices(tx, [deviceId]);
  const rows = await tx<{ id: number; valid_from: string }[]>`
    SELECT id, valid_from FROM assignments
    WHERE device_id = ${deviceId} AND (valid_until IS NULL OR valid_until > ${at}::timestamptz) ORDER BY id`;
  for (const row of rows) {
    const streams = await tx<{ datastream_id: number }[]>`
      SELECT datastream_id FROM assignment_datastreams WHERE assignment_id = ${row.id}`;
    for (const { datastream_id } of streams)
      await removeReadings(tx, datastream_id, { from: at, until: null });
    if (Date.parse(row.valid_from) >= Date.parse(at)) await tx`DELETE FROM assignments WHERE id = ${row.id}`;
    else await tx`UPDATE assignments SET valid_until = ${at}, version = version + 1 WHERE id = ${row.id}`;
  }
  await touchDevice(tx, deviceId);
  return rows.map((row) => row.id);
}

/** Batches that were prepared with the old timeline notice by the device's version. */
async function touchDevice(tx: Transaction, deviceId: number): Promise<void> {
  await tx`UPDATE devices SET version = version + 1 WHERE id = ${deviceId}`;
}

export interface Assignment {
  readonly id: number;
  readonly deviceId: number;
  readonly placeId: number;
  readonly placeName: string;
  readonly propertyKey: string | null;
  readonly channel: number | null;
  readonly from: string;
  readonly until: string | null;
  readonly replacesId: number | null;
}

/** A device's timeline, newest first. Who may see the device decides the caller's query. */
export async function findAssignments(sql: Sql | Transaction, deviceId: number): Promise<Assignment[]> {
  return sql<Assignment[]>`
    SELECT a.id, a.device_id AS "deviceId", a.place_id AS "placeId", t.name AS "placeName", a.property_key AS "propertyKey",
           a.channel, a.valid_from AS "from", a.valid_until AS until, a.replaces_id AS "replacesId"
    FROM assignments a JOIN things t ON t.id = a.place_id WHERE a.device_id = ${deviceId} ORDER BY a.valid_from DESC, a.id DESC`;
}
