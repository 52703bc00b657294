/** Contacts are roles with a mailbox ("Caretaker, Skovskolen"), never persons. */
import { AppError } from '@torv/core/errors';
import type { Sql, Transaction } from '../db/database.ts';
import { insertAudit } from './audit-store.ts';
import { type Actor, readable, requireRole } from './port.ts';

export interface ContactRole {
  readonly id: number;
  readonly organisationId: number;
  readonly name: string;
  readonly mailbox: string | null;
  readonly version: number;
}

export type ContactRoleFields = Pick<ContactRole, 'name' | 'mailbox'>;

const select = (sql: Sql | Transaction) => sql`
  SELECT c.id, c.organisation_id AS "organisationId", c.name, c.mailbox, c.version FROM contact_roles c`;

export async function findContactRoles(
  sql: Sql,
  actor: Actor,
  organisationId: number,
): Promise<ContactRole[]> {
  requireRole(actor, organisationId, 'viewer');
  return sql<
    ContactRole[]
  >`${select(sql)} WHERE c.organisation_id = ${organisationId} AND ${readable(sql, actor, 'c', 'members')} ORDER BY c.name, c.id`;
}

/** @throws AppError NOT_FOUND also for one that the actor may not see */
export async function getContactRole(sql: Sql | Transaction, actor: Actor, id: number): Promise<ContactRole> {
  const [row] = await sql<
    ContactRole[]
  >`${select(sql)} WHERE c.id = ${id} AND ${readable(sql, actor, 'c', 'members')}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such contact.');
  return row;
}

/** Whoever renames holds the organisation's row, so that two renamings to one name come one after the other. */
async function requireFreeName(
  tx: Transaction,
  organisationId: number,
  name: string,
  self: number,
): Promise<void> {
  await tx`SELECT FROM organisations WHERE id = ${organisationId} FOR UPDATE`;
  const taken =
    await tx`SELECT FROM contact_roles WHERE organisation_id = ${organisationId} AND name = ${name} AND id <> ${self}`;
  if (taken.length > 0)
    throw new AppError('EXISTS', `A contact "${name}" exists already.`, { at: 'body/name' });
}

export async function createContactRole(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  fields: ContactRoleFields,
): Promise<ContactRole> {
  requireRole(actor, organisationId, 'editor');
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO contact_roles (organisation_id, name, mailbox) VALUES (${organisationId}, ${fields.name}, ${fields.mailbox})
    ON CONFLICT (organisation_id, name) DO NOTHING RETURNING id`;
  if (!row) throw new AppError('EXISTS', `A contact "${fields.name}" exists already.`, { at: 'body/name' });
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'contact-role',
    entityId: row.id,
    after: fields,
  });
  return getContactRole(tx, actor, row.id);
}

export async function updateContactRole(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: Partial<ContactRoleFields>,
): Promise<ContactRole> {
  const before = await getContactRole(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const { name, mailbox } = { ...before, ...change };
  await requireFreeName(tx, before.organisationId, name, id);
  const done = await tx`
    UPDATE contact_roles SET name = ${name}, mailbox = ${mailbox}, version = version + 1 WHERE id = ${id} AND version = ${version}`;
  if (done.count === 0)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this contact meanwhile.', {
      extra: { current: await getContactRole(tx, actor, id) },
    });
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'update',
    entity: 'contact-role',
    entityId: id,
    before: { name: before.name, mailbox: before.mailbox },
    after: change,
  });
  return getContactRole(tx, actor, id);
}

/** @throws AppError IN_USE while devices name it */
export async function deleteContactRole(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
): Promise<void> {
  const before = await getContactRole(tx, actor, id);
  requireRole(actor, before.organisationId, 'editor');
  const [use] = await tx<
    { devices: number }[]
  >`SELECT count(*)::int AS devices FROM devices WHERE responsible_role_id = ${id}`;
  if (use?.devices) {
    throw new AppError('IN_USE', `${use.devices} devices name ${before.name} as responsible.`, {
      hint: 'Give them another contact first.',
    });
  }
  const gone = await tx`DELETE FROM contact_roles WHERE id = ${id} AND version = ${version}`;
  if (gone.count === 0)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this contact meanwhile.', {
      extra: { current: await getContactRole(tx, actor, id) },
    });
  await insertAudit(tx, actor, {
    organisationId: before.organisationId,
    action: 'delete',
    entity: 'contact-role',
    entityId: id,
    before: { name: before.name, mailbox: before.mailbox },
  });
}
