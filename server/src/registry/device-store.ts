/**
 * Devices: radio identities with a codec. Only members of the organisation see them; a DevEUI, a signal or a
 * note is never public. Claiming a device gives it a codec, a Sensor and a place.
 */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, readable, requireRole } from '../access/port.ts';
import { type Fragment, noteChanges, type Sql, type Transaction } from '../db/database.ts';
import { markPending } from '../ingest/store.ts';
import { assignDevice, endAssignments } from './assignment-store.ts';
import { getCodecByKey } from './codec-store.ts';
import { lockDevices } from './ingest-store.ts';

export interface DeviceFields {
  readonly name: string;
  readonly serial: string | null;
  readonly powerSource: 'battery' | 'mains' | 'solar' | 'poe' | null;
  readonly notes: string;
  readonly responsibleRoleId: number | null;
  readonly expectedIntervalS: number | null;
}

export interface Device extends DeviceFields {
  readonly id: number;
  readonly organisationId: number;
  readonly devEui: string;
  readonly state: 'waiting' | 'claimed' | 'retired';
  readonly codec: {
    readonly id: number;
    readonly key: string;
    readonly title: string;
    readonly quarantined: boolean;
    /** The codec's version in use. */
    readonly number: number;
    /** The voltages between which the model's battery is drawn. */
    readonly battery: { readonly fullV: number; readonly emptyV: number } | null;
  } | null;
  readonly place: { readonly id: number; readonly name: string; readonly from: string } | null;
  readonly heard: {
    readonly name: string | null;
    readonly profile: string | null;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly firstSeen: string;
    readonly lastSeen: string;
    readonly frames: number;
    readonly copies: number;
    readonly rejected: number;
    readonly batteryV: number | null;
    readonly batteryPercent: number | null;
    readonly batteryAt: string | null;
    readonly rssi: number | null;
    readonly snr: number | null;
    readonly dataRate: string | null;
    readonly lastReason: string | null;
  } | null;
  readonly version: number;
  readonly createdAt: string;
}

/** As every other moment of the interface is written: exact, and without final zeros. */
const instant = (sql: Sql | Transaction, column: `${'s' | 'a'}.${string}`) =>
  sql`regexp_replace(to_char(${sql(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '[.]?0+Z$', 'Z')`;

const select = (sql: Sql | Transaction) => sql`
  SELECT d.id, d.organisation_id AS "organisationId", d.dev_eui AS "devEui", d.state, d.name, d.serial,
    d.power_source AS "powerSource", d.notes, d.responsible_role_id AS "responsibleRoleId",
    d.expected_interval_s AS "expectedIntervalS", d.version, d.created_at AS "createdAt",
    CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('id', c.id, 'key', c.key, 'title', c.title, 'quarantined', c.quarantined_at IS NOT NULL,
      'number', c.current_version, 'battery', (SELECT v.description->'battery' FROM codec_versions v WHERE v.codec_id = c.id AND v.number = c.current_version)) END AS codec,
    p.place,
    jsonb_build_object('name', d.heard_name, 'profile', d.heard_profile, 'tags', d.heard_tags) AS heard,
    CASE WHEN s.device_id IS NOT NULL THEN jsonb_build_object(
      'firstSeen', ${instant(sql, 's.first_seen')},
      'lastSeen', ${instant(sql, 's.last_seen')},
      'frames', s.frames, 'copies', s.copies, 'rejected', s.rejected, 'batteryV', s.battery_v, 'batteryPercent', s.battery_percent,
      'batteryAt', ${instant(sql, 's.battery_at')},
      'rssi', s.rssi, 'snr', s.snr, 'dataRate', s.data_rate, 'lastReason', s.last_reason) END AS status
  FROM devices d
  LEFT JOIN codecs c ON c.id = d.codec_id
  LEFT JOIN device_status s ON s.device_id = d.id
  LEFT JOIN LATERAL (
    SELECT jsonb_build_object('id', a.place_id, 'name', t.name,
      'from', ${instant(sql, 'a.valid_from')}) AS place
    FROM assignments a JOIN things t ON t.id = a.place_id
    WHERE a.device_id = d.id AND a.property_key IS NULL AND a.valid_until IS NULL
    ORDER BY a.valid_from DESC LIMIT 1
  ) p ON TRUE`;

export interface DeviceQuery {
  readonly organisationId: number;
  readonly states?: readonly Device['state'][];
  readonly placeId?: number;
}

export async function findDevices(
  sql: Sql | Transaction,
  actor: Actor,
  query: DeviceQuery,
): Promise<Device[]> {
  const states: Fragment = query.states ? sql`AND d.state = ANY(${query.states as string[]}::text[])` : sql``;
  const place: Fragment =
    query.placeId === undefined
      ? sql``
      : sql`AND EXISTS (SELECT FROM assignments a WHERE a.device_id = d.id AND a.place_id = ${query.placeId} AND a.valid_until IS NULL)`;
  return sql<Device[]>`
    ${select(sql)}
    WHERE d.organisation_id = ${query.organisationId} AND ${readable(sql, actor, 'd', 'members')} ${states} ${place}
    ORDER BY d.name, d.dev_eui`;
}

/** @throws AppError NOT_FOUND also for a device that the actor may not see */
export async function getDevice(sql: Sql | Transaction, actor: Actor, id: number): Promise<Device> {
  const [row] = await sql<
    Device[]
  >`${select(sql)} WHERE d.id = ${id} AND ${readable(sql, actor, 'd', 'members')}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such device.', { at: 'device' });
  return row;
}

export interface Claim {
  readonly organisationId: number;
  /** 16 hex digits; the device may be unheard of so far */
  readonly devEui: string;
  readonly codecKey: string;
  readonly placeId: number;
  readonly name?: string;
  readonly serial?: string;
  /** RFC 3339; absent: from the first frame that was heard, or from now */
  readonly from?: string;
  readonly now: string;
}

/**
 * A device from the inbox (or a new one) gets its codec and its place; what had waited is marked to be decoded.
 * @throws AppError EXISTS when it is claimed already
 */
export async function claimDevice(
  tx: Transaction,
  actor: Actor,
  claim: Claim,
): Promise<{ readonly device: Device; readonly pending: number }> {
  requireRole(actor, claim.organisationId, 'editor');
  const codec = await getCodecByKey(tx, claim.organisationId, claim.codecKey);
  const [row] = await tx<
    { id: number; state: string; heard_name: string | null; first_seen: string | null }[]
  >`
    INSERT INTO devices AS d (organisation_id, dev_eui) VALUES (${claim.organisationId}, ${claim.devEui})
    ON CONFLICT (organisation_id, dev_eui) DO UPDATE SET dev_eui = excluded.dev_eui
    RETURNING d.id, d.state, d.heard_name, (SELECT min(network_time) FROM uplinks u WHERE u.device_id = d.id) AS first_seen`;
  const device = row as { id: number; state: string; heard_name: string | null; first_seen: string | null };
  if (device.state === 'claimed') {
    throw new AppError('EXISTS', `The device ${claim.devEui} is claimed already.`, {
      at: 'devEui',
      hint: 'Move it on its own page instead.',
    });
  }
  const name = claim.name ?? device.heard_name ?? claim.devEui;
  const [sensor] = await tx<{ id: number }[]>`
    INSERT INTO sensors (organisation_id, name, description, metadata, visibility)
    SELECT o.id, ${`${codec.vendor} ${codec.model}`}, ${codec.title},
      ${JSON.stringify({ vendor: codec.vendor, model: codec.model, ...(claim.serial === undefined ? {} : { serial: claim.serial }) })}::text::jsonb,
      CASE WHEN o.kind = 'demo' THEN 'public' ELSE 'internal' END
    FROM organisations o WHERE o.id = ${claim.organisationId} RETURNING id`;
  await tx`
    UPDATE devices d SET state = 'claimed', name = ${name}, codec_id = ${codec.id}, sensor_id = ${(sensor as { id: number }).id},
      serial = coalesce(${claim.serial ?? null}, d.serial), version = version + 1,
      power_source = coalesce(d.power_source, v.description->>'power'),
      expected_interval_s = coalesce(d.expected_interval_s, (v.description->>'expectedIntervalS')::int)
    FROM codec_versions v
    WHERE d.id = ${device.id} AND v.codec_id = ${codec.id} AND v.number = ${codec.currentVersion}`;
  noteChanges(tx, [{ kind: 'created', entity: 'sensor', id: (sensor as { id: number }).id }]);
  const from = claim.from ?? device.first_seen ?? claim.now;
  await assignDevice(tx, claim.organisationId, { deviceId: device.id, placeId: claim.placeId, from });
  // Frames from before the mounting count too: they are decoded, and give readings once an earlier place is known.
  await markPending(tx, device.id, ['waiting']);
  const [waiting] = await tx<
    { n: number }[]
  >`SELECT count(*)::int AS n FROM uplinks WHERE device_id = ${device.id} AND state = 0`;
  await insertAudit(tx, actor, {
    organisationId: claim.organisationId,
    action: 'claim',
    entity: 'device',
    entityId: device.id,
    after: { devEui: claim.devEui, codec: codec.key, placeId: claim.placeId, from },
  });
  return { device: await getDevice(tx, actor, device.id), pending: waiting?.n ?? 0 };
}

/** Of two changes at once the second waits here, and then sees what the first one left. */
async function getLockedDevice(tx: Transaction, actor: Actor, id: number): Promise<Device> {
  await lockDevices(tx, [id]);
  return getDevice(tx, actor, id);
}

/** @throws AppError VERSION_CONFLICT with the present text */
export async function updateDevice(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: Partial<DeviceFields>,
): Promise<Device> {
  const before = await getLockedDevice(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const f: DeviceFields = { ...before, ...change };
  const updated = await tx`
    UPDATE devices SET name = ${f.name}, serial = ${f.serial}, power_source = ${f.powerSource}, notes = ${f.notes},
      responsible_role_id = ${f.responsibleRoleId}, expected_interval_s = ${f.expectedIntervalS}, version = version + 1
    WHERE id = ${id} AND version = ${version}`;
  if (updated.count === 0)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this device meanwhile.', {
      extra: { current: before },
    });
  // Notes may name people: the audit tells that they changed, not what they say.
  const { notes: _before, ...shownBefore } = before;
  const { notes, ...shown } = change;
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'device',
    entityId: id,
    before: shownBefore,
    after: { ...shown, ...(notes === undefined ? {} : { notes: 'changed' }) },
  });
  return getDevice(tx, actor, id);
}

/** Another codec for a device; its next frames use it, earlier ones can be decoded again. */
export async function setDeviceCodec(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  codecKey: string,
): Promise<Device> {
  const before = await getLockedDevice(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const codec = await getCodecByKey(tx, before.organisationId, codecKey);
  const updated =
    await tx`UPDATE devices SET codec_id = ${codec.id}, version = version + 1 WHERE id = ${id} AND version = ${version}`;
  if (updated.count === 0)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this device meanwhile.', {
      extra: { current: before },
    });
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'device',
    entityId: id,
    before: { codec: before.codec?.key },
    after: { codec: codec.key },
  });
  return getDevice(tx, actor, id);
}

export interface Move {
  readonly deviceId: number;
  readonly version: number;
  readonly placeId: number;
  /** RFC 3339; may lie in the past: readings since then go along */
  readonly from: string;
}

export async function moveDevice(
  tx: Transaction,
  actor: Actor,
  move: Move,
): Promise<{ readonly device: Device; readonly pending: number }> {
  const before = await getLockedDevice(tx, actor, move.deviceId);
  requireRole(actor, before.organisationId, 'editor');
  if (before.version !== move.version)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this device meanwhile.', {
      extra: { current: before },
    });
  if (before.state === 'waiting') throw new AppError('BAD_BODY', 'Claim the device first.', { at: 'device' });
  const { pending } = await assignDevice(tx, before.organisationId, {
    deviceId: move.deviceId,
    placeId: move.placeId,
    from: move.from,
  });
  await tx`UPDATE devices SET state = 'claimed' WHERE id = ${move.deviceId}`;
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'move',
    entity: 'device',
    entityId: move.deviceId,
    before: { place: before.place },
    after: { placeId: move.placeId, from: move.from },
  });
  return { device: await getDevice(tx, actor, move.deviceId), pending };
}

/** Takes a device down; it can be mounted again later. */
export async function retireDevice(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  at: string,
): Promise<Device> {
  const before = await getLockedDevice(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  if (before.version !== version)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this device meanwhile.', {
      extra: { current: before },
    });
  await endAssignments(tx, id, at);
  await tx`UPDATE devices SET state = 'retired' WHERE id = ${id}`;
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'move',
    entity: 'device',
    entityId: id,
    before: { place: before.place },
    after: { retired: at },
  });
  return getDevice(tx, actor, id);
}

export interface Replacement {
  readonly oldDeviceId: number;
  readonly version: number;
  readonly devEui: string;
  readonly codecKey: string;
  readonly name?: string;
  readonly serial?: string;
  readonly at: string;
  readonly now: string;
}

/** A new device takes the old one's place: the room's series goes on, and the change is marked in it. */
export async function replaceDevice(
  tx: Transaction,
  actor: Actor,
  input: Replacement,
): Promise<{ readonly device: Device; readonly pending: number }> {
  const old = await getLockedDevice(tx, actor, input.oldDeviceId);
  requireRole(actor, old.organisationId, 'editor');
  if (!old.place) throw new AppError('BAD_BODY', `${old.name} is not mounted anywhere.`, { at: 'device' });
  if (input.devEui === old.devEui)
    throw new AppError('BAD_BODY', `${old.name} cannot be replaced by itself.`, { at: 'devEui' });
  const placeId = old.place.id;
  await retireDevice(tx, actor, input.oldDeviceId, input.version, input.at);
  const claimed = await claimDevice(tx, actor, {
    organisationId: old.organisationId,
    devEui: input.devEui,
    codecKey: input.codecKey,
    placeId,
    from: input.at,
    now: input.now,
    name: input.name ?? old.name,
    ...(input.serial === undefined ? {} : { serial: input.serial }),
  });
  await tx`
    UPDATE assignments SET replaces_id = (
      SELECT id FROM assignments WHERE device_id = ${input.oldDeviceId} AND place_id = ${placeId} ORDER BY valid_from DESC LIMIT 1)
    WHERE device_id = ${claimed.device.id} AND place_id = ${placeId} AND valid_until IS NULL`;
  await insertAudit(tx, actor, {
    organisationId: old.organisationId,
    action: 'replace',
    entity: 'device',
    entityId: input.oldDeviceId,
    after: { deviceId: claimed.device.id, at: input.at },
  });
  return { device: await getDevice(tx, actor, claimed.device.id), pending: claimed.pending };
}
