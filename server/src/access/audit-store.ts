/** The append-only record of who changed what. Holds no secrets, no readings and no free-text notes. */
import type { Sql, Transaction } from '../db/database.ts';
import { type Actor, toAuditActor } from './port.ts';

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
