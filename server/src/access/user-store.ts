/**
 * People and their roles in organisations. A role is changed by an administrator of that organisation, an
 * account by its owner; nothing here makes anybody an administrator of the installation but the first link.
 */
import { AppError } from '@torv/core/errors';
import type { Sql, Transaction } from '../db/database.ts';
import { insertAudit } from './audit-store.ts';
import { type Actor, type Role, requireRole } from './port.ts';

export interface Account {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly locale: 'da' | 'sv' | 'nl' | 'en' | null;
  readonly instanceAdmin: boolean;
  readonly version: number;
}

export interface AccountSecret extends Account {
  readonly passwordHash: string | null;
  readonly disabled: boolean;
}

const accountColumns = (sql: Sql | Transaction) => sql`
  u.id, u.email, u.name, u.locale, u.instance_admin AS "instanceAdmin", u.version`;

export async function getAccount(sql: Sql | Transaction, id: number): Promise<Account> {
  const [row] = await sql<Account[]>`SELECT ${accountColumns(sql)} FROM users u WHERE u.id = ${id}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such account.');
  return row;
}

/** With the hash of the password; for signing in alone. */
export async function findAccountSecret(
  sql: Sql | Transaction,
  by: { readonly email: string } | { readonly id: number },
): Promise<AccountSecret | undefined> {
  const [row] = await sql<AccountSecret[]>`
    SELECT ${accountColumns(sql)}, u.password_hash AS "passwordHash", u.disabled_at IS NOT NULL AS disabled
    FROM users u WHERE ${'email' in by ? sql`u.email = ${by.email}` : sql`u.id = ${by.id}`}`;
  return row;
}

/** @throws AppError EXISTS when another request made this account meanwhile */
export async function insertUser(
  tx: Transaction,
  user: {
    readonly email: string;
    readonly name: string;
    readonly passwordHash: string;
    readonly locale: string | null;
    readonly instanceAdmin: boolean;
  },
): Promise<number> {
  const [row] = await tx<{ id: number }[]>`
    INSERT INTO users (email, name, password_hash, locale, instance_admin)
    VALUES (${user.email}, ${user.name}, ${user.passwordHash}, ${user.locale}, ${user.instanceAdmin})
    ON CONFLICT (email) DO NOTHING RETURNING id`;
  if (!row)
    throw new AppError('EXISTS', 'An account with this e-mail address exists already.', {
      hint: 'Sign in with its password.',
    });
  return row.id;
}

/** The owner's own change. @throws AppError VERSION_CONFLICT with the present text */
export async function updateAccount(
  tx: Transaction,
  actor: Actor,
  id: number,
  version: number,
  change: { readonly name?: string; readonly locale?: Account['locale']; readonly passwordHash?: string },
): Promise<Account> {
  const before = await getAccount(tx, id);
  const name = change.name ?? before.name;
  const locale = change.locale === undefined ? before.locale : change.locale;
  const [after] = await tx<Account[]>`
    UPDATE users u SET name = ${name}, locale = ${locale}, version = version + 1
      ${change.passwordHash === undefined ? tx`` : tx`, password_hash = ${change.passwordHash}`}
    WHERE u.id = ${id} AND u.version = ${version} RETURNING ${accountColumns(tx)}`;
  if (!after) {
    throw new AppError('VERSION_CONFLICT', 'Your account was changed meanwhile.', {
      extra: { current: await getAccount(tx, id) },
    });
  }
  // which fields, not their text: the audit table is kept for good, a person's name is not
  await insertAudit(tx, actor, {
    organisationId: null,
    action: 'update',
    entity: 'account',
    entityId: id,
    after: { changed: Object.keys(change) },
  });
  return after;
}

/** A hash made with newer parameters replaces the old one of the same password; nothing a person sees changes. */
export async function replacePasswordHash(
  sql: Sql,
  id: number,
  before: string,
  after: string,
): Promise<void> {
  await sql`UPDATE users SET password_hash = ${after} WHERE id = ${id} AND password_hash = ${before}`;
}

export async function setPassword(
  tx: Transaction,
  actor: Actor,
  id: number,
  passwordHash: string,
): Promise<void> {
  await tx`UPDATE users SET password_hash = ${passwordHash}, version = version + 1 WHERE id = ${id}`;
  await insertAudit(tx, actor, {
    organisationId: null,
    action: 'update',
    entity: 'account',
    entityId: id,
    after: { changed: ['passwordHash'] },
  });
}

// Members of an organisation -----------------------------------------------------------------------------------

export interface Member {
  readonly id: number;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly version: number;
  readonly since: string;
  readonly lastSeenAt: string | null;
}

const selectMembers = (sql: Sql | Transaction, organisationId: number) => sql`
  SELECT u.id, u.email, u.name, m.role, m.version, m.created_at AS since,
         (SELECT max(s.last_seen_at) FROM sessions s WHERE s.user_id = u.id) AS "lastSeenAt"
  FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organisation_id = ${organisationId}`;

export async function findMembers(sql: Sql, actor: Actor, organisationId: number): Promise<Member[]> {
  requireRole(actor, organisationId, 'administrator');
  return sql<Member[]>`${selectMembers(sql, organisationId)} ORDER BY u.email`;
}

/** @throws AppError NOT_FOUND */
export async function getMember(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
  userId: number,
): Promise<Member> {
  requireRole(actor, organisationId, 'administrator');
  const [row] = await sql<Member[]>`${selectMembers(sql, organisationId)} AND u.id = ${userId}`;
  if (!row) throw new AppError('NOT_FOUND', 'There is no such person in this organisation.');
  return row;
}

export async function insertMembership(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  userId: number,
  role: Role,
): Promise<void> {
  const made = await tx`
    INSERT INTO memberships (user_id, organisation_id, role) VALUES (${userId}, ${organisationId}, ${role})
    ON CONFLICT DO NOTHING`;
  if (made.count === 0) return;
  await insertAudit(tx, actor, {
    organisationId,
    action: 'create',
    entity: 'membership',
    entityId: userId,
    after: { role },
  });
}

/**
 * Two administrators who demote each other at the same moment must not both succeed: whoever changes roles
 * holds the organisation's row first.
 */
async function lockRoles(tx: Transaction, organisationId: number): Promise<void> {
  await tx`SELECT FROM organisations WHERE id = ${organisationId} FOR UPDATE`;
}

async function requireAnotherAdministrator(
  tx: Transaction,
  organisationId: number,
  userId: number,
): Promise<void> {
  const [row] = await tx<{ others: number }[]>`
    SELECT count(*)::int AS others FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.organisation_id = ${organisationId} AND m.role = 'administrator' AND m.user_id <> ${userId} AND u.disabled_at IS NULL`;
  if (row?.others === 0) {
    throw new AppError('IN_USE', 'This is the last administrator of the organisation.', {
      hint: 'Make somebody else administrator first.',
    });
  }
}

export async function updateMember(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  userId: number,
  version: number,
  role: Role,
): Promise<Member> {
  requireRole(actor, organisationId, 'administrator');
  await lockRoles(tx, organisationId);
  const before = await getMember(tx, actor, organisationId, userId);
  if (before.version !== version)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this role meanwhile.', {
      extra: { current: before },
    });
  if (before.role === role) return before;
  if (before.role === 'administrator') await requireAnotherAdministrator(tx, organisationId, userId);
  await tx`UPDATE memberships SET role = ${role}, version = version + 1 WHERE organisation_id = ${organisationId} AND user_id = ${userId}`;
  await insertAudit(tx, actor, {
    organisationId,
    action: 'update',
    entity: 'membership',
    entityId: userId,
    before: { role: before.role },
    after: { role },
  });
  return getMember(tx, actor, organisationId, userId);
}

/** An account goes with its last membership: Torv keeps no personal data that nothing needs. */
export async function deleteMember(
  tx: Transaction,
  actor: Actor,
  organisationId: number,
  userId: number,
  version: number,
): Promise<void> {
  requireRole(actor, organisationId, 'administrator');
  await lockRoles(tx, organisationId);
  const before = await getMember(tx, actor, organisationId, userId);
  if (before.version !== version)
    throw new AppError('VERSION_CONFLICT', 'Somebody else changed this role meanwhile.', {
      extra: { current: before },
    });
  if (before.role === 'administrator') await requireAnotherAdministrator(tx, organisationId, userId);
  await tx`DELETE FROM memberships WHERE organisation_id = ${organisationId} AND user_id = ${userId}`;
  await tx`
    DELETE FROM users u WHERE u.id = ${userId} AND NOT u.instance_admin
      AND NOT EXISTS (SELECT FROM memberships m WHERE m.user_id = u.id)`;
  await insertAudit(tx, actor, {
    organisationId,
    action: 'delete',
    entity: 'membership',
    entityId: userId,
    before: { role: before.role },
  });
}

/**
 * Whoever holds a reset link holds the account. So an administrator may only make one for a person over whose
 * every organisation he is administrator; an account of the installation's administrator is out of his reach.
 */
export async function requireMayResetPassword(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
  userId: number,
): Promise<void> {
  await getMember(sql, actor, organisationId, userId);
  if (actor.kind === 'system' || (actor.kind === 'user' && actor.instanceAdmin)) return;
  const rows = await sql<{ organisationId: number; instanceAdmin: boolean }[]>`
    SELECT m.organisation_id AS "organisationId", u.instance_admin AS "instanceAdmin"
    FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.id = ${userId}`;
  const administers = (id: number) => actor.kind === 'user' && actor.roles.get(id) === 'administrator';
  if (rows.some((row) => row.instanceAdmin || !administers(row.organisationId))) {
    throw new AppError('FORBIDDEN', 'This person also belongs to another organisation.', {
      hint: 'An administrator of the installation can make the link.',
    });
  }
}
