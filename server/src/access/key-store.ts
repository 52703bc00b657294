/** API keys: shown once, kept as SHA-256, with scopes and an end. Never reads a key back. */
import { AppError } from '@torv/core/errors';
import type { Sql, Transaction } from '../db/database.ts';
import { insertAudit } from './audit-store.ts';
import { toInstant } from './context.ts';
import { type Actor, readable, requireRole, type Scope } from './port.ts';
import { createKeyText, hashSecret, isKeyText } from './secrets.ts';

const USED_EVERY_MS = 60_000;

export interface ApiKey {
  readonly id: number;
  readonly name: string;
  readonly hint: string;
  readonly scopes: Scope[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

const columns = (sql: Sql | Transaction) => sql`
  k.id, k.name, k.hint, k.scopes, k.created_at AS "createdAt", k.expires_at AS "expiresAt", k.revoked_at AS "revokedAt",
  k.last_used_at AS "lastUsedAt"`;

/**
 * Who presents this key: undefined when it is unknown, expired or revoked. For every door at which keys are shown
 * (HTTP, the embedded broker).
 */
export async function findKeyActor(
  sql: Sql,
  text: string,
  nowMs: number,
): Promise<Extract<Actor, { kind: 'key' }> | undefined> {
  if (!isKeyText(text)) return undefined;
  const [row] = await sql<{ id: number; organisationId: number; scopes: Scope[]; stale: boolean }[]>`
    SELECT id, organisation_id AS "organisationId", scopes,
           last_used_at IS NULL OR last_used_at < ${toInstant(nowMs - USED_EVERY_MS)} AS stale
    FROM api_keys
    WHERE key_hash = ${hashSecret(text)} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${toInstant(nowMs)})`;
  if (!row) return undefined;
  if (row.stale) await sql`UPDATE api_keys SET last_used_at = ${toInstant(nowMs)} WHERE id = ${row.id}`;
  return { kind: 'key', keyId: row.id, organisationId: row.organisationId, scopes: new Set(row.scopes) };
}

/** For connections that stay open: which of these keys are no longer good. */
export async function findDeadKeys(sql: Sql, ids: readonly number[], nowMs: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    SELECT g.id FROM unnest(${ids as number[]}::bigint[]) AS g(id) LEFT JOIN api_keys k ON k.id = g.id
    WHERE k.id IS NULL OR k.revoked_at IS NOT NULL OR k.expires_at <= ${toInstant(nowMs)}`;
  return rows.map(({ id }) => id);
}

export async function findKeys(sql: Sql, actor: Actor, organisationId: number): Promise<ApiKey[]> {
  requireRole(actor, organisationId, 'administrator');
  return sql<ApiKey[]>`
    SELECT ${columns(sql)} FROM api_keys k
    WHERE k.organisation_id = ${organisationId} AND ${readable(sql, actor, 'k', 'members')} ORDER BY k.id DESC`;
}

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
}

export async function createKey(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  input: NewKey,
): Promise<{ readonly key: ApiKey; readonly text: string }> {
  requireRole(actor, organisationId, 'administrator');
  const { text, hint } = createKeyText();
  const [key] = await tx<ApiKey[]>`
    INSERT INTO api_keys AS k (organisation_id, name, key_hash, hint, scopes, expires_at, created_by)
    VALUES (${organisationId}, ${input.name}, ${hashSecret(text)}, ${hint}, ${[...new Set(input.scopes)]}::text[], ${input.expiresAt},
      ${actor.kind === 'user' ? actor.userId : null})
    RETURNING ${columns(tx)}`;
  if (!key) throw new AppError('BUG', 'The key was not stored.');
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'key',
    entityId: key.id,
    after: { name: key.name, hint, scopes: key.scopes, expiresAt: key.expiresAt },
  });
  return { key, text };
}

/** Needs no version: there is nothing to lose, and a leaked key must go at once. @throws AppError NOT_FOUND, FORBIDDEN */
export async function revokeKey(tx: Transaction, actor: Actor, id: number, nowMs: number): Promise<void> {
  const [key] = await tx<{ organisationId: number; name: string; hint: string; revokedAt: string | null }[]>`
    SELECT k.organisation_id AS "organisationId", k.name, k.hint, k.revoked_at AS "revokedAt"
    FROM api_keys k WHERE k.id = ${id} AND ${readable(tx, actor, 'k', 'members')} FOR UPDATE`;
  if (!key) throw new AppError('NOT_FOUND', 'There is no such key.');
  requireRole(actor, key.organisationId, 'administrator');
  if (key.revokedAt !== null) return;
  await tx`UPDATE api_keys SET revoked_at = ${toInstant(nowMs)}, version = version + 1 WHERE id = ${id}`;
  await insertAudit(tx, actor, {
    organisationId: key.organisationId,
    action: 'delete',
    entity: 'key',
    entityId: id,
    before: { name: key.name, hint: key.hint },
  });
}
