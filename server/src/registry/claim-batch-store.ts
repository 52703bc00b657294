/**
 * Many devices claimed in one transaction, and taken back. Set-based, because two thousand devices one by one
 * would hold their locks for a minute; only devices that wait are taken, so no timeline has to give way.
 * Undoing removes the readings of what nobody has changed since; the raw frames stay and wait again.
 */
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, readable, requireRole, toAuditActor } from '../access/port.ts';
import { noteChanges, type Sql, type Transaction } from '../db/database.ts';
import { markPendingOf, markWaitingOf } from '../ingest/store.ts';
import { removeDatastreamsOfSensors } from '../observations/store.ts';
import {
  type ClaimPlan,
  type ClaimRuleFields,
  type PlaceName,
  toClaimPlan,
  toPlaceFinder,
  toReadyRule,
  type WaitingDevice,
} from './claim-plan.ts';
import { findClaimRules } from './claim-rule-store.ts';
import { lockDevices } from './ingest-store.ts';

export interface PlannedDevice extends ClaimPlan {
  readonly devEui: string;
  readonly heard: {
    readonly name: string | null;
    readonly profile: string | null;
    readonly tags: Readonly<Record<string, string>>;
  };
}

export interface PlanQuery {
  readonly organisationId: number;
  /** Absent: all that wait. */
  readonly deviceIds?: readonly number[];
  /** A rule that is being written: asked as well, or in place of the kept one with this id. */
  readonly draft?: { readonly id: number | null; readonly fields: ClaimRuleFields };
  /** Only rules that act by themselves, and only devices that nobody has taken back. */
  readonly automatic?: boolean;
}

/** What each waiting device would become, and why not. Writes nothing. */
export async function planClaims(
  sql: Sql | Transaction,
  actor: Actor,
  query: PlanQuery,
): Promise<PlannedDevice[]> {
  requireRole(actor, query.organisationId, 'editor');
  const kept = (await findClaimRules(sql, actor, query.organisationId)).filter(
    (rule) => !query.automatic || rule.automatic,
  );
  const { draft } = query;
  const rules = draft
    ? [...kept.filter((rule) => rule.id !== draft.id), { ...draft.fields, id: draft.id ?? 0 }].sort(
        (a, b) => a.position - b.position || a.id - b.id,
      )
    : kept;
  const ready = rules.map((rule) => toReadyRule(rule.id, rule));
  if (query.automatic && ready.length === 0) return [];
  const devices = await sql<WaitingDevice[]>`
    SELECT d.id, d.dev_eui AS "devEui", d.heard_name AS "heardName", d.heard_profile AS "heardProfile", d.heard_tags AS "heardTags"
    FROM devices d
    WHERE d.organisation_id = ${query.organisationId} AND d.state = 'waiting' AND ${readable(sql, actor, 'd', 'members')}
      ${query.deviceIds === undefined ? sql`` : sql`AND d.id = ANY(${query.deviceIds as number[]}::bigint[])`}
      ${query.automatic ? sql`AND NOT EXISTS (SELECT FROM claim_batch_devices b WHERE b.device_id = d.id AND b.undone)` : sql``}
    ORDER BY d.heard_name, d.dev_eui`;
  if (devices.length === 0) return [];
  const places = await sql<PlaceName[]>`
    SELECT p.thing_id AS id, t.name, p.parent_id AS "parentId", p.external_ref AS "externalRef"
    FROM places p JOIN things t ON t.id = p.thing_id WHERE p.organisation_id = ${query.organisationId}`;
  const codecs = await sql<{ key: string }[]>`
    SELECT DISTINCT key FROM codecs WHERE organisation_id = ${query.organisationId} OR origin = 'shipped'`;
  const keys = new Set(codecs.map((codec) => codec.key));
  const findPlace = toPlaceFinder(places);
  return devices.map((device) => ({
    ...toClaimPlan(ready, device, keys, findPlace),
    devEui: device.devEui,
    heard: { name: device.heardName, profile: device.heardProfile, tags: device.heardTags },
  }));
}

export interface AppliedBatch {
  /** null: nothing could be claimed, so no batch was made. */
  readonly batchId: number | null;
  readonly claimed: number;
  readonly left: number;
  /** Frames that now wait to be decoded. */
  readonly pending: number;
}

/** Claims every planned device without an obstacle; one transaction, one batch. */
export async function applyClaims(
  tx: Transaction,
  actor: Actor,
  query: PlanQuery & { readonly now: string },
): Promise<AppliedBatch> {
  requireRole(actor, query.organisationId, 'editor');
  const plans = await planClaims(tx, actor, query);
  const able = plans.filter((plan) => plan.obstacles.length === 0).sort((a, b) => a.deviceId - b.deviceId);
  if (able.length === 0) return { batchId: null, claimed: 0, left: plans.length, pending: 0 };
  const who = toAuditActor(actor);
  const [batch] = await tx<{ id: number }[]>`
    INSERT INTO claim_batches (organisation_id, automatic, created_by)
    VALUES (${query.organisationId}, ${query.automatic ?? false}, ${who.kind === 'user' ? who.id : null}) RETURNING id`;
  const batchId = (batch as { id: number }).id;
  await lockDevices(
    tx,
    able.map((plan) => plan.deviceId),
  );
  // Sensors get their ids first, so that each device knows which one is its own.
  const rows = await tx<{ id: number; sensorId: number }[]>`
    WITH plan AS MATERIALIZED (
      SELECT g.device_id, g.codec, g.place_id, g.name, nextval(pg_get_serial_sequence('sensors', 'id')) AS sensor_id
      FROM unnest(${able.map((p) => p.deviceId)}::bigint[], ${able.map((p) => p.codec)}::text[],
        ${able.map((p) => p.place?.id ?? null)}::bigint[], ${able.map((p) => p.name)}::text[]) AS g(device_id, codec, place_id, name)
      -- somebody may have claimed one of them since it was planned
      JOIN devices d ON d.id = g.device_id AND d.state = 'waiting'
    ), model AS MATERIALIZED (
      SELECT DISTINCT ON (c.key) c.key, c.id, c.title, c.vendor, c.model, v.description
      FROM codecs c JOIN codec_versions v ON v.codec_id = c.id AND v.number = c.current_version
      WHERE c.key IN (SELECT codec FROM plan) AND (c.organisation_id = ${query.organisationId} OR c.origin = 'shipped')
      ORDER BY c.key, (c.organisation_id = ${query.organisationId}) DESC
    ), remembered AS (
      INSERT INTO claim_batch_devices (batch_id, device_id, device_version, before)
      SELECT ${batchId}, d.id, d.version + 1, jsonb_build_object('name', d.name, 'serial', d.serial, 'powerSource', d.power_source,
        'expectedIntervalS', d.expected_interval_s)
      FROM plan JOIN devices d ON d.id = plan.device_id
    ), sensor AS (
      INSERT INTO sensors (id, organisation_id, name, description, metadata, visibility)
      OVERRIDING SYSTEM VALUE
      SELECT plan.sensor_id, o.id, model.title, model.vendor || ' ' || model.model,
        jsonb_build_object('vendor', model.vendor, 'model', model.model)
          || CASE WHEN d.serial IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('serial', d.serial) END,
        CASE WHEN o.kind = 'demo' THEN 'public' ELSE 'internal' END
      FROM plan JOIN model ON model.key = plan.codec JOIN devices d ON d.id = plan.device_id
      JOIN organisations o ON o.id = ${query.organisationId}
      RETURNING id
    ), mounted AS (
      INSERT INTO assignments (organisation_id, device_id, place_id, valid_from)
      SELECT ${query.organisationId}, plan.device_id, plan.place_id,
        coalesce((SELECT min(u.network_time) FROM uplinks u WHERE u.device_id = plan.device_id), ${query.now}::timestamptz)
      FROM plan
    ), told AS (
      INSERT INTO audit (organisation_id, actor_kind, actor_id, action, entity, entity_id, after)
      SELECT ${query.organisationId}, ${who.kind}, ${who.id}, 'claim', 'device', plan.device_id::text,
        jsonb_build_object('codec', plan.codec, 'placeId', plan.place_id, 'batchId', ${batchId}::bigint)
      FROM plan
    )
    UPDATE devices d SET state = 'claimed', name = plan.name, codec_id = model.id, sensor_id = sensor.id, version = d.version + 1,
      power_source = coalesce(d.power_source, model.description->>'power'),
      expected_interval_s = coalesce(d.expected_interval_s, (model.description->>'expectedIntervalS')::int)
    FROM plan JOIN model ON model.key = plan.codec JOIN sensor ON sensor.id = plan.sensor_id
    WHERE d.id = plan.device_id RETURNING d.id, d.sensor_id AS "sensorId"`;
  noteChanges(
    tx,
    rows.map(({ sensorId }) => ({ kind: 'created', entity: 'sensor', id: sensorId })),
  );
  const pending = await markPendingOf(
    tx,
    rows.map((row) => row.id),
  );
  await insertAudit(tx, actor, {
    organisationId: query.organisationId,
    action: 'claim',
    entity: 'claim-batch',
    entityId: batchId,
    after: { devices: rows.length, automatic: query.automatic ?? false },
  });
  return { batchId, claimed: rows.length, left: plans.length - rows.length, pending };
}

export interface ClaimBatch {
  readonly id: number;
  readonly organisationId: number;
  readonly automatic: boolean;
  readonly createdAt: string;
  readonly undoneAt: string | null;
  readonly devices: number;
  readonly undone: number;
}

const selectBatches = (sql: Sql | Transaction) => sql`
  SELECT b.id, b.organisation_id AS "organisationId", b.automatic, b.created_at AS "createdAt", b.undone_at AS "undoneAt",
    (SELECT count(*)::int FROM claim_batch_devices d WHERE d.batch_id = b.id) AS devices,
    (SELECT count(*)::int FROM claim_batch_devices d WHERE d.batch_id = b.id AND d.undone) AS undone
  FROM claim_batches b`;

/** The newest ones first. */
export async function findClaimBatches(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
): Promise<ClaimBatch[]> {
  return sql<ClaimBatch[]>`
    ${selectBatches(sql)} WHERE b.organisation_id = ${organisationId} AND ${readable(sql, actor, 'b', 'members')}
    ORDER BY b.id DESC LIMIT 50`;
}

export interface UndoneBatch {
  readonly undone: number;
  readonly readings: number;
  readonly refused: readonly {
    readonly deviceId: number;
    readonly name: string;
    readonly why: 'changed' | 'retired';
  }[];
}

/**
 * Devices of a batch go back to waiting and their readings are removed; those that somebody has changed since stay
 * and are named. A second undo takes what the first one could not.
 */
export async function undoClaims(tx: Transaction, actor: Actor, batchId: number): Promise<UndoneBatch> {
  const [batch] = await tx<
    ClaimBatch[]
  >`${selectBatches(tx)} WHERE b.id = ${batchId} AND ${readable(tx, actor, 'b', 'members')}`;
  if (!batch) throw new AppError('NOT_FOUND', 'There is no such batch.', { at: 'batch' });
  requireRole(actor, batch.organisationId, 'editor');
  const ids = await tx<
    { device_id: number }[]
  >`SELECT device_id FROM claim_batch_devices WHERE batch_id = ${batchId} AND NOT undone`;
  await lockDevices(
    tx,
    ids.map((row) => row.device_id),
  );
  const rows = await tx<
    { id: number; name: string; sensor_id: number | null; state: string; changed: boolean }[]
  >`
    SELECT d.id, d.name, d.sensor_id, d.state, d.version <> b.device_version AS changed
    FROM claim_batch_devices b JOIN devices d ON d.id = b.device_id WHERE b.batch_id = ${batchId} AND NOT b.undone ORDER BY d.id`;
  const free = rows.filter((row) => !row.changed && row.state === 'claimed');
  const freeIds = free.map((row) => row.id);
  const sensors = free.flatMap((row) => (row.sensor_id === null ? [] : [row.sensor_id]));
  const readings = await removeDatastreamsOfSensors(tx, sensors);
  await tx`DELETE FROM assignments WHERE device_id = ANY(${freeIds}::bigint[])`;
  await tx`
    UPDATE devices d SET state = 'waiting', name = b.before->>'name', codec_id = NULL, sensor_id = NULL, version = d.version + 1,
      serial = b.before->>'serial', power_source = b.before->>'powerSource',
      expected_interval_s = (b.before->>'expectedIntervalS')::int
    FROM claim_batch_devices b WHERE b.batch_id = ${batchId} AND b.device_id = d.id AND d.id = ANY(${freeIds}::bigint[])`;
  await tx`DELETE FROM sensors WHERE id = ANY(${sensors}::bigint[])`;
  noteChanges(
    tx,
    sensors.map((id) => ({ kind: 'deleted', entity: 'sensor', id })),
  );
  await markWaitingOf(tx, freeIds);
  await tx`UPDATE claim_batch_devices SET undone = TRUE WHERE batch_id = ${batchId} AND device_id = ANY(${freeIds}::bigint[])`;
  if (freeIds.length === rows.length)
    await tx`UPDATE claim_batches SET undone_at = coalesce(undone_at, now()) WHERE id = ${batchId}`;
  const refused = rows
    .filter((row) => !freeIds.includes(row.id))
    .map((row) => ({
      deviceId: row.id,
      name: row.name,
      why: row.state === 'retired' ? ('retired' as const) : ('changed' as const),
    }));
  await insertAudit(tx, actor, {
    organisationId: batch.organisationId,
    action: 'delete',
    entity: 'claim-batch',
    entityId: batchId,
    after: { devices: free.length, readings, refused: refused.length },
  });
  return { undone: free.length, readings, refused };
}

/** Organisations in which a rule acts by itself and something waits. */
export async function findAutomaticOrganisations(sql: Sql | Transaction): Promise<readonly number[]> {
  const rows = await sql<{ id: number }[]>`
    SELECT DISTINCT r.organisation_id AS id FROM claim_rules r
    WHERE r.automatic AND EXISTS (SELECT FROM devices d WHERE d.organisation_id = r.organisation_id AND d.state = 'waiting')`;
  return rows.map((row) => row.id);
}
