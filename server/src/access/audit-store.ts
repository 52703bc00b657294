/** The append-only record of who changed what. Holds no secrets, no readings and no free-text notes. */
import type { Sql, Transaction } from '../db/database.ts';
import { type Actor, requireRole, toAuditActor } from './port.ts';

export interface AuditEntry {
  readonly organisationId: number | null;
  readonly action:
    | 'create'
    | 'update'
    | 'delete'
    | 'sign-in'
    | 'sign-out'
    | 'move'
    | 'replace'
    | 'claim'
    | 'import'
    | 'decode-again'
    | 'open';
  readonly entity: string;
  readonly entityId: number | string | null;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Written in the transaction of the change itself, so that neither exists without the other. */
export async function insertAudit(tx: Sql | Transaction, actor: Actor, entry: AuditEntry): Promise<void> {
  const who = toAuditActor(actor);
  const toJson = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  await tx`
    INSERT INTO audit (organisation_id, actor_kind, actor_id, action, entity, entity_id, before, after)
    VALUES (${entry.organisationId}, ${who.kind}, ${who.id}, ${entry.action}, ${entry.entity},
      ${entry.entityId === null ? null : String(entry.entityId)},
      ${toJson(entry.before)}::text::jsonb, ${toJson(entry.after)}::text::jsonb)`;
}

export interface AuditRow {
  readonly id: number;
  readonly at: string;
  readonly actor: {
    readonly kind: 'user' | 'key' | 'system' | 'link';
    readonly id: number | null;
    readonly name: string | null;
  };
  readonly action: string;
  readonly entity: string;
  readonly entityId: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Newest first, by key and not by offset. Names come from the accounts as they are now: somebody who has left,
 * or who never belonged to this organisation, is a number.
 */
export async function findAudit(
  sql: Sql,
  actor: Actor,
  organisationId: number,
  page: { readonly before: number | undefined; readonly limit: number },
): Promise<AuditRow[]> {
  requireRole(actor, organisationId, 'administrator');
  const rows = await sql<
    (Omit<AuditRow, 'actor'> & {
      kind: AuditRow['actor']['kind'];
      actorId: number | null;
      actorName: string | null;
    })[]
  >`
    SELECT a.id, a.at, a.actor_kind AS kind, a.actor_id AS "actorId", coalesce(nullif(u.name, ''), u.email, k.name) AS "actorName",
           a.action, a.entity, a.entity_id AS "entityId", a.before, a.after
    FROM audit a
    LEFT JOIN memberships m ON a.actor_kind = 'user' AND m.user_id = a.actor_id AND m.organisation_id = a.organisation_id
    LEFT JOIN users u ON u.id = m.user_id
    LEFT JOIN api_keys k ON a.actor_kind = 'key' AND k.id = a.actor_id AND k.organisation_id = a.organisation_id
    WHERE a.organisation_id = ${organisationId} ${page.before === undefined ? sql`` : sql`AND a.id < ${page.before}`}
    ORDER BY a.id DESC LIMIT ${page.limit}`;
  return rows.map(({ kind, actorId, actorName, ...row }) => ({
    ...row,
    actor: { kind, id: actorId, name: actorName },
  }));
}
