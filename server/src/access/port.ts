/**
 * Who asks, and what of it becomes a WHERE clause. Every query over a table with an organisation adds
 * `readable` or `writable` where the table enters it; no handler compares roles itself.
 */
import { AppError } from '@torv/core/errors';
import type { Fragment, Sql, Transaction } from '../db/database.ts';

export const ROLES = ['viewer', 'editor', 'administrator'] as const;
export type Role = (typeof ROLES)[number];
export type Scope = 'ingest' | 'read' | 'write';

export type Actor =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'user';
      readonly userId: number;
      readonly instanceAdmin: boolean;
      readonly roles: ReadonlyMap<number, Role>;
    }
  | {
      readonly kind: 'key';
      readonly keyId: number;
      readonly organisationId: number;
      readonly scopes: ReadonlySet<Scope>;
    }
  /** A room's screen: reads one place, nothing else. */
  | {
      readonly kind: 'link';
      readonly linkId: number;
      readonly organisationId: number;
      readonly placeId: number;
    }
  /** Anybody at all, where the operator opened this installation for writing: in the open organisation alone. */
  | { readonly kind: 'open'; readonly organisationId: number }
  /** Torv itself: jobs, ingest, the command line. */
  | { readonly kind: 'system' };

export const ANONYMOUS: Actor = Object.freeze({ kind: 'anonymous' });
export const SYSTEM: Actor = Object.freeze({ kind: 'system' });

/** Organisations in which the actor holds at least `role`; undefined: all of them. */
export function organisationsOf(actor: Actor, role: Role): readonly number[] | undefined {
  switch (actor.kind) {
    case 'system':
      return undefined;
    case 'user': {
      const least = ROLES.indexOf(role);
      return [...actor.roles].filter(([, held]) => ROLES.indexOf(held) >= least).map(([id]) => id);
    }
    case 'key':
      return actor.scopes.has('write') && role !== 'administrator'
        ? [actor.organisationId]
        : actor.scopes.has('read') && role === 'viewer'
          ? [actor.organisationId]
          : [];
    case 'open':
      return role === 'administrator' ? [] : [actor.organisationId];
    default:
      return [];
  }
}

/**
 * Rows of `table` (an alias in the query) that the actor may read. `open` tables carry a visibility column of
 * their own; the others are only for members of the organisation.
 */
export function readable(
  sql: Sql | Transaction,
  actor: Actor,
  table: string,
  kind: 'open' | 'members',
): Fragment {
  const organisations = organisationsOf(actor, 'viewer');
  if (organisations === undefined) return sql`TRUE`;
  const column = sql(`${table}.organisation_id`);
  const member =
    organisations.length === 0 ? sql`FALSE` : sql`${column} = ANY(${organisations as number[]}::bigint[])`;
  return kind === 'open' ? sql`(${member} OR ${sql(`${table}.visibility`)} = 'public')` : member;
}

/** Rows of `table` that the actor may change with at least `role`. */
export function writable(
  sql: Sql | Transaction,
  actor: Actor,
  table: string,
  role: Exclude<Role, 'viewer'>,
): Fragment {
  const organisations = organisationsOf(actor, role);
  if (organisations === undefined) return sql`TRUE`;
  if (organisations.length === 0) return sql`FALSE`;
  return sql`${sql(`${table}.organisation_id`)} = ANY(${organisations as number[]}::bigint[])`;
}

/**
 * @throws AppError SIGNED_OUT for nobody, NOT_FOUND for an organisation that the actor does not belong to
 *   (its existence is not told), FORBIDDEN where the role is too small.
 */
export function requireRole(actor: Actor, organisationId: number, role: Role): void {
  const holds = (least: Role) => organisationsOf(actor, least)?.includes(organisationId) ?? true;
  if (holds(role)) return;
  if (actor.kind === 'anonymous') throw new AppError('SIGNED_OUT', 'Sign in to do this.');
  if (holds('viewer')) throw new AppError('FORBIDDEN', `This needs the role ${role}.`);
  throw new AppError('NOT_FOUND', 'There is no such organisation.');
}

export function requireInstanceAdmin(actor: Actor): void {
  if (actor.kind === 'system' || (actor.kind === 'user' && actor.instanceAdmin)) return;
  if (actor.kind === 'anonymous') throw new AppError('SIGNED_OUT', 'Sign in to do this.');
  throw new AppError('FORBIDDEN', 'Only an administrator of this installation may do this.');
}

/** What the audit table says about the one who acted. */
export function toAuditActor(actor: Actor): {
  readonly kind: 'user' | 'key' | 'system' | 'link';
  readonly id: number | null;
} {
  switch (actor.kind) {
    case 'user':
      return { kind: 'user', id: actor.userId };
    case 'key':
      return { kind: 'key', id: actor.keyId };
    case 'link':
      return { kind: 'link', id: actor.linkId };
    default:
      return { kind: 'system', id: null };
  }
}
