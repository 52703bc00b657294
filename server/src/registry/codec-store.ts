/**
 * Codecs and their versions. A version is never changed, only followed by another one; devices follow their
 * codec's current version. Shipped codecs belong to the system organisation, a tenant's own come first.
 */
import { createHash } from 'node:crypto';
import { AppError } from '@torv/core/errors';
import { insertAudit } from '../access/audit-store.ts';
import { type Actor, organisationsOf, requireInstanceAdmin, requireRole } from '../access/port.ts';
import type { Fragment, Sql, Transaction } from '../db/database.ts';

export interface CodecInput {
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly script: string;
  /** The parsed model description: power, battery, expected interval, mapping. */
  readonly description: Readonly<Record<string, unknown>>;
  readonly vectors: readonly unknown[];
  readonly note?: string;
}

export interface Codec {
  readonly id: number;
  readonly organisationId: number;
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly origin: 'shipped' | 'imported' | 'written';
  readonly currentVersion: number;
  readonly quarantinedAt: string | null;
  readonly quarantineReason: string | null;
  readonly version: number;
  readonly devices: number;
}

export interface CodecVersion {
  readonly id: number;
  readonly codecId: number;
  readonly number: number;
  readonly script: string;
  readonly description: Readonly<Record<string, unknown>>;
  readonly vectors: readonly unknown[];
  readonly note: string;
  readonly createdAt: string;
}

export function toScriptHash(script: string): string {
  return createHash('sha256').update(script).digest('hex');
}

/** The actor's organisations' own codecs and the shipped ones. */
function visible(sql: Sql | Transaction, actor: Actor): Fragment {
  const organisations = organisationsOf(actor, 'viewer');
  if (organisations === undefined) return sql`TRUE`;
  return sql`(c.origin = 'shipped' OR c.organisation_id = ANY(${organisations as number[]}::bigint[]))`;
}

const columns = (sql: Sql | Transaction) => sql`
  c.id, c.organisation_id AS "organisationId", c.key, c.vendor, c.model, c.title, c.origin, c.current_version AS "currentVersion",
  c.quarantined_at AS "quarantinedAt", c.quarantine_reason AS "quarantineReason", c.version`;

export async function findCodecs(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
): Promise<Codec[]> {
  return sql<Codec[]>`
    SELECT ${columns(sql)},
      (SELECT count(*)::int FROM devices d WHERE d.codec_id = c.id AND d.organisation_id = ${organisationId}) AS devices
    FROM codecs c
    WHERE ${visible(sql, actor)} AND (c.origin = 'shipped' OR c.organisation_id = ${organisationId})
    ORDER BY c.vendor, c.model, c.id`;
}

/** The organisation's own codec of this key, else the shipped one. @throws AppError NOT_FOUND */
export async function getCodecByKey(
  sql: Sql | Transaction,
  organisationId: number,
  key: string,
): Promise<Codec> {
  const [row] = await sql<Codec[]>`
    SELECT ${columns(sql)}, 0 AS devices FROM codecs c
    WHERE c.key = ${key} AND (c.organisation_id = ${organisationId} OR c.origin = 'shipped')
    ORDER BY (c.organisation_id = ${organisationId}) DESC LIMIT 1`;
  if (!row)
    throw new AppError('NOT_FOUND', `There is no codec "${key}".`, {
      at: 'codec',
      hint: 'The page Codecs lists what is there.',
    });
  return row;
}

export async function getCodec(sql: Sql | Transaction, actor: Actor, id: number): Promise<Codec> {
  const [row] = await sql<Codec[]>`
    SELECT ${columns(sql)}, 0 AS devices FROM codecs c WHERE c.id = ${id} AND ${visible(sql, actor)}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such codec.', { at: 'codec' });
  return row;
}

export async function findCodecVersions(sql: Sql | Transaction, codecId: number): Promise<CodecVersion[]> {
  return sql<CodecVersion[]>`
    SELECT id, codec_id AS "codecId", number, script, description, vectors, note, created_at AS "createdAt"
    FROM codec_versions WHERE codec_id = ${codecId} ORDER BY number DESC`;
}

/** @throws AppError NOT_FOUND */
export async function getCodecVersion(
  sql: Sql | Transaction,
  codecId: number,
  number: number,
): Promise<CodecVersion> {
  const version = (await findCodecVersions(sql, codecId)).find((v) => v.number === number);
  if (!version) throw new AppError('NOT_FOUND', `This codec has no version ${number}.`, { at: 'version' });
  return version;
}

/** The organisation's own codec of this key, held until the transaction ends; undefined where there is none yet. */
export async function lockOwnCodec(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  key: string,
): Promise<Codec | undefined> {
  const [row] = await tx<{ id: number }[]>`
    SELECT id FROM codecs WHERE organisation_id = ${organisationId} AND key = ${key} AND origin <> 'shipped' FOR UPDATE`;
  return row && getCodec(tx, actor, row.id);
}

/**
 * A codec or its next version; the same content again changes nothing.
 * @returns the codec and whether a version was added
 */
export async function installCodec(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  origin: Codec['origin'],
  input: CodecInput,
): Promise<{ readonly codec: Codec; readonly added: boolean }> {
  if (origin !== 'shipped') requireRole(actor, organisationId, 'editor');
  const [head] = await tx<{ id: number }[]>`
    INSERT INTO codecs AS c (organisation_id, key, vendor, model, title, origin, current_version)
    VALUES (${organisationId}, ${input.key}, ${input.vendor}, ${input.model}, ${input.title}, ${origin}, 0)
    ON CONFLICT (organisation_id, key) DO UPDATE SET vendor = excluded.vendor, model = excluded.model, title = excluded.title
    RETURNING id`;
  const codecId = (head as { id: number }).id;
  const description = JSON.stringify(input.description);
  const [added] = await tx<{ number: number }[]>`
    INSERT INTO codec_versions (codec_id, number, script, script_hash, description, vectors, note, created_by)
    SELECT ${codecId}, c.current_version + 1, ${input.script}, ${toScriptHash(input.script)}, ${description}::text::jsonb,
           ${JSON.stringify(input.vectors)}::text::jsonb, ${input.note ?? ''}, ${actor.kind === 'user' ? actor.userId : null}
    FROM codecs c WHERE c.id = ${codecId} AND NOT EXISTS (
      SELECT FROM codec_versions v WHERE v.codec_id = c.id AND v.number = c.current_version
        AND v.script_hash = ${toScriptHash(input.script)} AND v.description = ${description}::text::jsonb
        AND v.vectors = ${JSON.stringify(input.vectors)}::text::jsonb)
    RETURNING number`;
  if (added) {
    // A new version lifts a quarantine: it is another script.
    await tx`
      UPDATE codecs SET current_version = ${added.number}, quarantined_at = NULL, quarantine_reason = NULL, version = version + 1
      WHERE id = ${codecId}`;
    await insertAudit(tx, actor, {
      organisationId,
      action: added.number === 1 ? 'create' : 'update',
      entity: 'codec',
      entityId: codecId,
      after: { key: input.key, version: added.number },
    });
  }
  const codec = await getCodecByKey(tx, organisationId, input.key);
  return { codec, added: added !== undefined };
}

/**
 * Switched off after repeated faults. One organisation's own codec never takes another's with it; a shipped
 * one is the same for all.
 */
export async function quarantineCodec(
  sql: Sql,
  organisationId: number,
  scriptHash: string,
  reason: string,
): Promise<void> {
  await sql`
    UPDATE codecs c
    SET quarantined_at = now(), quarantine_reason = ${reason}, version = version + 1
    WHERE (c.organisation_id = ${organisationId} OR c.origin = 'shipped')
      AND EXISTS (SELECT FROM codec_versions v
        WHERE v.codec_id = c.id AND v.number = c.current_version AND v.script_hash = ${scriptHash})`;
}

/** On again. @returns the organisations whose devices use it, @throws AppError VERSION_CONFLICT */
export async function releaseCodec(
  tx: Transaction,
  actor: Actor,
  codec: Codec,
  version: number,
): Promise<readonly number[]> {
  if (codec.origin === 'shipped') requireInstanceAdmin(actor);
  else requireRole(actor, codec.organisationId, 'editor');
  const released = await tx`
    UPDATE codecs SET quarantined_at = NULL, quarantine_reason = NULL, version = version + 1
    WHERE id = ${codec.id} AND version = ${version}`;
  if (released.count === 0) {
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this codec meanwhile.', {
      extra: { current: codec },
    });
  }
  await insertAudit(tx, actor, {
    organisationId: codec.organisationId,
    action: 'update',
    entity: 'codec',
    entityId: codec.id,
    after: { released: true },
  });
  const rows = await tx<
    { organisation_id: number }[]
  >`SELECT DISTINCT organisation_id FROM devices WHERE codec_id = ${codec.id}`;
  return rows.map((row) => row.organisation_id);
}
