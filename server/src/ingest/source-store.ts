/** Sources: where uplinks come from. A webhook's key is stored as a hash, a broker's password sealed. */
import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, readable, requireRole } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';
import type { SourceRef } from './accept.ts';
import type { SourceFormat } from './source.ts';

export interface NewSource {
  readonly organisationId: number;
  readonly name: string;
  readonly kind: 'webhook' | 'mqtt' | 'broker' | 'file' | 'demo';
  readonly format: SourceFormat;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export function hashSourceKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** A new webhook key: shown once, kept as a hash. */
export function createSourceKey(): { readonly key: string; readonly hash: Buffer } {
  const key = `torvsrc_${randomBytes(32).toString('base64url')}`;
  return { key, hash: hashSourceKey(key) };
}

/** The source of this kind and name, made where it is not there. */
export async function ensureSource(tx: Sql | Transaction, input: NewSource): Promise<SourceRef> {
  const [there] = await tx<SourceRef[]>`
    SELECT id, organisation_id AS "organisationId", format FROM sources
    WHERE organisation_id = ${input.organisationId} AND kind = ${input.kind} AND name = ${input.name} AND format = ${input.format}
    ORDER BY id LIMIT 1`;
  if (there) return there;
  const [made] = await tx<SourceRef[]>`
    INSERT INTO sources (organisation_id, name, kind, format, settings)
    VALUES (${input.organisationId}, ${input.name}, ${input.kind}, ${input.format}, ${JSON.stringify(input.settings ?? {})}::text::jsonb)
    RETURNING id, organisation_id AS "organisationId", format`;
  return made as SourceRef;
}

/** All enabled webhook sources with the hash of their key: few rows, read every few seconds. */
export async function findWebhookSources(
  sql: Sql | Transaction,
): Promise<(SourceRef & { readonly keyHash: string })[]> {
  return sql<(SourceRef & { readonly keyHash: string })[]>`
    SELECT id, organisation_id AS "organisationId", format, encode(key_hash, 'hex') AS "keyHash"
    FROM sources WHERE kind = 'webhook' AND enabled AND key_hash IS NOT NULL`;
}

export interface Source {
  readonly id: number;
  readonly organisationId: number;
  readonly name: string;
  readonly kind: NewSource['kind'];
  readonly format: SourceFormat;
  /** Of a broker: url, username, topics, shared. Never its password. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly hasSecret: boolean;
  readonly enabled: boolean;
  readonly version: number;
  readonly status: {
    readonly state: string;
    readonly reason: string | null;
    readonly messages: number;
    readonly faults: number;
    readonly ignored: number;
    readonly lastMessageAt: string | null;
    readonly lastFaultAt: string | null;
    readonly lastFault: string | null;
  };
}

const select = (sql: Sql | Transaction) => sql`
  SELECT s.id, s.organisation_id AS "organisationId", s.name, s.kind, s.format, s.settings, s.secret IS NOT NULL AS "hasSecret",
    s.enabled, s.version, jsonb_build_object('state', coalesce(t.state, 'idle'), 'reason', t.state_reason,
      'messages', coalesce(t.messages, 0), 'faults', coalesce(t.faults, 0), 'ignored', coalesce(t.ignored, 0),
      'lastMessageAt', to_char(t.last_message_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'lastFaultAt', to_char(t.last_fault_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'lastFault', t.last_fault) AS status
  FROM sources s LEFT JOIN source_status t ON t.source_id = s.id`;

export async function findSources(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
): Promise<Source[]> {
  return sql<Source[]>`
    ${select(sql)} WHERE s.organisation_id = ${organisationId} AND ${readable(sql, actor, 's', 'members')} ORDER BY s.name, s.id`;
}

/** @throws AppError NOT_FOUND also for a source that the actor may not see */
export async function getSource(sql: Sql | Transaction, actor: Actor, id: number): Promise<Source> {
  const [row] = await sql<
    Source[]
  >`${select(sql)} WHERE s.id = ${id} AND ${readable(sql, actor, 's', 'members')}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such source.', { at: 'source' });
  return row;
}

/** Sealed; for whoever may administer the source. */
export async function findSourceSecret(sql: Sql | Transaction, id: number): Promise<Uint8Array | null> {
  const [row] = await sql<{ secret: Uint8Array | null }[]>`SELECT secret FROM sources WHERE id = ${id}`;
  return row?.secret ?? null;
}

export interface SourceInput {
  readonly name: string;
  readonly kind: 'webhook' | 'mqtt';
  readonly format: SourceFormat;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** @param keyHash of a webhook's key; a broker's password is set by `setSourceSecret` */
export async function insertSource(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  input: SourceInput,
  keyHash: Buffer | null,
): Promise<Source> {
  requireRole(actor, organisationId, 'administrator');
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO sources (organisation_id, name, kind, format, settings, key_hash)
    VALUES (${organisationId}, ${input.name}, ${input.kind}, ${input.format}, ${JSON.stringify(input.settings)}::text::jsonb, ${keyHash})
    RETURNING id`;
  const id = (row as { id: number }).id;
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'source',
    entityId: id,
    after: input,
  });
  return getSource(tx, actor, id);
}

export interface SourceChange {
  readonly name?: string;
  readonly enabled?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly keyHash?: Buffer;
  readonly secret?: Buffer | null;
}

/** @throws AppError VERSION_CONFLICT with the present text */
export async function updateSource(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: SourceChange,
): Promise<Source> {
  const before = await getSource(tx, actor, id);
  requireRole(actor, before.organisationId, 'administrator');
  const updated = await tx`
    UPDATE sources SET name = ${change.name ?? before.name}, enabled = ${change.enabled ?? before.enabled},
      settings = ${JSON.stringify(change.settings ?? before.settings)}::text::jsonb,
      key_hash = coalesce(${change.keyHash ?? null}, key_hash),
      secret = ${change.secret === undefined ? tx`secret` : change.secret}, version = version + 1
    WHERE id = ${id} AND version = ${version}`;
  if (updated.count === 0) {
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this source meanwhile.', {
      extra: { current: await getSource(tx, actor, id) },
    });
  }
  const { keyHash, secret, ...shown } = change;
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'source',
    entityId: id,
    before: { name: before.name, enabled: before.enabled, settings: before.settings },
    after: {
      ...shown,
      ...(keyHash ? { key: 'changed' } : {}),
      ...(secret === undefined ? {} : { password: 'changed' }),
    },
  });
  return getSource(tx, actor, id);
}

/** Its frames and readings stay; only the way in is gone. */
export async function deleteSource(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
): Promise<void> {
  const before = await getSource(tx, actor, id);
  requireRole(actor, before.organisationId, 'administrator');
  const gone = await tx`DELETE FROM sources WHERE id = ${id} AND version = ${version}`;
  if (gone.count === 0)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this source meanwhile.', {
      extra: { current: await getSource(tx, actor, id) },
    });
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'delete',
    entity: 'source',
    entityId: id,
    before: { name: before.name, kind: before.kind, format: before.format },
  });
}

export interface RejectedMessage {
  readonly id: number;
  readonly arrivedAt: string;
  readonly reason: string;
  readonly at: string | null;
  /** Its beginning, as text. */
  readonly body: string;
}

const SHOWN_BYTES = 4_000;

export async function findRejectedMessages(
  sql: Sql | Transaction,
  sourceId: number,
  limit: number,
): Promise<RejectedMessage[]> {
  const rows = await sql<(Omit<RejectedMessage, 'body'> & { body: Uint8Array })[]>`
    SELECT id, arrived_at AS "arrivedAt", reason, at, substring(body FROM 1 FOR ${SHOWN_BYTES}::int) AS body
    FROM rejected_messages WHERE source_id = ${sourceId} ORDER BY id DESC LIMIT ${limit}`;
  // Whatever bytes came: what is no text shows as replacement characters.
  return rows.map((row) => ({ ...row, body: Buffer.from(row.body).toString('utf8') }));
}

export interface BrokerSource extends SourceRef {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secret: Uint8Array | null;
  readonly version: number;
}

export async function findBrokerSources(sql: Sql | Transaction): Promise<BrokerSource[]> {
  return sql<BrokerSource[]>`
    SELECT id, organisation_id AS "organisationId", format, settings, secret, version FROM sources WHERE kind = 'mqtt' AND enabled`;
}

export async function setSourceState(
  sql: Sql | Transaction,
  sourceId: number,
  state: string,
  reason: string | null,
): Promise<void> {
  await sql`
    INSERT INTO source_status (source_id, state, state_reason) VALUES (${sourceId}, ${state}, ${reason})
    ON CONFLICT (source_id) DO UPDATE SET state = excluded.state, state_reason = excluded.state_reason`;
}

/**
 * Leases one slot of a source to this process: its own again, else one whose holder is gone, else a new one
 * while there are fewer than `most`. @returns the slots now held
 */
export async function leaseSlots(
  sql: Sql,
  sourceId: number,
  owner: string,
  leaseS: number,
  most: number,
): Promise<{ slot: number; clientId: string }[]> {
  return sql.begin(async (tx) => {
    // The source's row is the lock among processes.
    await tx`SELECT FROM sources WHERE id = ${sourceId} FOR NO KEY UPDATE`;
    await tx`
      UPDATE ingest_slots SET lease_owner = ${owner}, lease_until = now() + ${leaseS} * interval '1 second'
      WHERE source_id = ${sourceId} AND (lease_owner = ${owner} OR lease_until IS NULL OR lease_until < now())`;
    const held = () => tx<{ slot: number; clientId: string }[]>`
      SELECT slot, client_id AS "clientId" FROM ingest_slots WHERE source_id = ${sourceId} AND lease_owner = ${owner} ORDER BY slot`;
    const mine = await held();
    if (mine.length > 0) return mine;
    await tx`
      INSERT INTO ingest_slots (source_id, slot, client_id, lease_owner, lease_until)
      SELECT ${sourceId}, n, 'torv-' || substr(md5(random()::text || clock_timestamp()), 1, 10) || '-' || n, ${owner}, now() + ${leaseS} * interval '1 second'
      FROM (SELECT coalesce(max(slot) + 1, 0) AS n FROM ingest_slots WHERE source_id = ${sourceId}) next WHERE n < ${most}`;
    return held();
  });
}

export async function releaseSlots(sql: Sql, owner: string): Promise<void> {
  await sql`UPDATE ingest_slots SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ${owner}`;
}
