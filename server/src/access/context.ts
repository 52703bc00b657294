/** What the access routes stand on, and the small things that all of them need. Knows no table. */
import { AppError } from '@torv/core/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Config } from '../config.ts';
import type { Sql } from '../db/database.ts';
import type { Log } from '../db/log.ts';
import type { Mailer } from './mail.ts';
import type { Actor } from './port.ts';
import type { Limiter } from './rate-limit.ts';
import { toTooMany } from './rate-limit.ts';

export interface AccessDeps {
  readonly sql: Sql;
  readonly config: Config;
  readonly log: Log;
  readonly now: () => number;
  readonly mail?: Mailer | undefined;
}

export type UserActor = Extract<Actor, { kind: 'user' }>;

/** @throws AppError FORBIDDEN for keys and links: they have no account, no sessions and no password */
export function getUserActor(request: FastifyRequest): UserActor {
  if (request.actor.kind !== 'user')
    throw new AppError('FORBIDDEN', 'Only a person who is signed in has this.');
  return request.actor;
}

export function toInstant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Counts the attempt. @throws AppError TOO_MANY; the answer says when to come back (RFC 9110, 10.2.3) */
export function takeAttempt(limiter: Limiter, key: string, reply: FastifyReply): void {
  const waitS = limiter.take(key);
  if (waitS === undefined) return;
  void reply.header('retry-after', String(waitS));
  throw toTooMany(waitS);
}

export function renderVersion(reply: FastifyReply, version: number): void {
  void reply.header('etag', `"${version}"`);
}

/**
 * The address that links begin with. Never taken from a request: its Host header is the sender's to choose, and
 * a password reset would carry the secret there.
 */
export function toBaseUrl(config: Config): string {
  if (config.publicUrl !== undefined) return config.publicUrl;
  const everywhere = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(config.host);
  const host = everywhere ? 'localhost' : config.host.includes(':') ? `[${config.host}]` : config.host;
  return `${config.tlsCert === undefined ? 'http' : 'https'}://${host}:${config.port}`;
}

/** The secret stands in the fragment, which browsers send to no server and no log sees. */
export function toLink(
  config: Config,
  page: 'welcome' | 'password' | `screen?place=${number}`,
  secret: string,
  locale?: string | null,
): string {
  return `${toBaseUrl(config)}/${page}${locale ? `?lang=${locale}` : ''}#${secret}`;
}

// Schemas ----------------------------------------------------------------------------------------------------

export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const OrganisationQuery = Type.Object({ organisation: Id }, { additionalProperties: false });
export const IdParams = Type.Object({ id: Id });
export const Locale = Type.Union([
  Type.Literal('da'),
  Type.Literal('sv'),
  Type.Literal('nl'),
  Type.Literal('en'),
]);
export const RoleSchema = Type.Union([
  Type.Literal('administrator'),
  Type.Literal('editor'),
  Type.Literal('viewer'),
]);
export const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254 });
export const PersonName = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
export const Title = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
/** The rules for new passwords are in passwords.ts, where their reasons are; this only keeps megabytes out. */
export const Password = Type.String({ minLength: 1, maxLength: 200 });
export const Secret = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
export const Instant = Type.String({ format: 'date-time' });
export const Nullable = <T extends import('typebox').TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** Any JSON of an audit entry. */
export const Json = Type.Unknown();

export function toEmail(text: string): string {
  return text.trim().toLowerCase();
}
