/**
 * POST, PATCH, PUT and DELETE of /sta/v1.1: bodies, headers and status codes. Bodies stay text, because reading them
 * as JavaScript values would change them. Everything about entities is generic (write.ts).
 */
import { Readable } from 'node:stream';
import { AppError } from '@torv/core/errors';
import type { Version } from '@torv/core/sta/version';
import { toInstant } from '@torv/core/time';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../access/port.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { createCreatedReader } from './created.ts';
import { createObservations } from './data-array-store.ts';
import { createOpenDoor } from './open-store.ts';
import { read } from './read.ts';
import { createTogether } from './together.ts';
import { deleteEntity, updateEntity, type WriteRequest, type Written } from './write.ts';
import type { Change } from './writer-store.ts';

export interface WriteDeps {
  readonly database: Pick<Database, 'sql' | 'boundedSql'>;
  readonly config: Pick<Config, 'publicUrl' | 'staOpen'>;
  readonly now: () => number;
  /** Told after the commit. */
  readonly announce?: (changes: readonly Change[]) => void;
}

/** Of one entity with what is nested in it; CreateObservations says its own. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;
/** About 800,000 Observations; a client with more sends several. */
const ARRAY_LIMIT_BYTES = 32 * 1024 * 1024;
const CHUNK_CHARACTERS = 64 * 1024;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Bodies as text. A cookie's write with any other type than JSON could be a form of a foreign page. */
export function acceptText(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}

/** @throws AppError BAD_BODY, UNSUPPORTED_OPTION */
function getJsonBody(request: FastifyRequest): string {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json-patch+json') {
    throw new AppError('UNSUPPORTED_OPTION', 'JSON Patch is not supported.', {
      at: 'content-type',
      hint: 'Send the properties that change as application/json.',
    });
  }
  if (type !== 'application/json')
    throw new AppError('BAD_BODY', 'Send the body as application/json.', { at: 'content-type' });
  const { body } = request;
  if (typeof body !== 'string' || body.trim() === '')
    throw new AppError('BAD_BODY', 'The body is empty.', { at: 'body' });
  // a mark that some editors put in front of UTF-8
  return body.startsWith('\uFEFF') ? body.slice(1) : body;
}

/** SensorThings does not ask for it, so it may be absent. */
function findIfMatch(request: FastifyRequest): number | undefined {
  const text = request.headers['if-match'];
  if (text === undefined || text.trim() === '*') return undefined;
  const match = /^(?:W\/)?"?(\d{1,9})"?$/.exec(text.trim());
  if (match === null)
    throw new AppError('BAD_REQUEST', `If-Match is "${text.slice(0, 40)}", but must be a version number.`, {
      at: 'If-Match',
    });
  return Number(match[1]);
}

/** Options of a write: only whose it is to be. */
function findOrganisation(search: string): number | undefined {
  let found: number | undefined;
  for (const [name, value] of new URLSearchParams(search)) {
    if (name.startsWith('$')) {
      throw new AppError('BAD_QUERY', `${name.slice(0, 40)} cannot be applied to a write.`, {
        at: name.slice(0, 40),
        hint: 'Read with options, write without them.',
      });
    }
    if (name !== 'organisation') continue;
    if (!/^[1-9]\d{0,14}$/.test(value))
      throw new AppError('BAD_QUERY', 'organisation is a number.', { at: 'organisation' });
    found = Number(value);
  }
  return found;
}

/** The answer of CreateObservations, in pieces: a link for each row, or "error" and why. */
function* renderOutcomes(outcomes: readonly (number | string)[], set: string): Generator<string> {
  let chunk = '[';
  for (const [i, outcome] of outcomes.entries()) {
    if (i > 0) chunk += ',';
    chunk += typeof outcome === 'number' ? `"${set}(${outcome})"` : JSON.stringify(`error: ${outcome}`);
    if (chunk.length > CHUNK_CHARACTERS) {
      yield chunk;
      chunk = '';
    }
  }
  yield `${chunk}]`;
}

export function registerSensorThingsWrites(
  app: App,
  deps: WriteDeps,
  version: Version,
  toRoot: (request: FastifyRequest) => string,
): void {
  const prefix = `/sta/${version.path}`;
  const { sql, boundedSql } = deps.database;
  const create = createTogether({ sql, announce: (changes) => deps.announce?.(changes) });
  const readCreated = createCreatedReader(boundedSql);
  const openDoor = deps.config.staOpen ? createOpenDoor(sql) : undefined;
  const route = {
    config: { allow: openDoor === undefined ? ('editor' as const) : ('anyone' as const) },
    schema: { hide: true },
    bodyLimit: BODY_LIMIT_BYTES,
  };

  const toWriter = async (actor: Actor): Promise<Actor> => (openDoor === undefined ? actor : openDoor(actor));

  async function toRequest(request: FastifyRequest): Promise<Omit<WriteRequest, 'body'>> {
    const cut = request.url.indexOf('?');
    return {
      sql,
      actor: await toWriter(request.actor),
      version,
      path: request.url.slice(prefix.length, cut === -1 ? undefined : cut),
      now: toInstant(deps.now()),
      organisation: findOrganisation(cut === -1 ? '' : request.url.slice(cut + 1)),
      ifMatch: findIfMatch(request),
    };
  }

  /** The entity as it is now, as whoever wrote it may read it. */
  async function sendEntity(
    request: FastifyRequest,
    reply: FastifyReply,
    actor: Actor,
    written: Written,
    status: number,
  ): Promise<FastifyReply> {
    const root = toRoot(request);
    const path = `/${version.entities[written.entity].set}(${written.id})`;
    reply.header('access-control-allow-origin', '*').header('vary', 'cookie, authorization');
    if (status === 201) reply.header('location', `${root}${path}`);
    const now = toInstant(deps.now());
    const wire = { version, root };
    const isNew = status === 201 && written.entity === 'observation';
    let text = isNew ? await readCreated({ actor, wire, id: written.id, now }) : undefined;
    if (text === undefined) {
      const answer = await read({ sql: boundedSql, actor, wire, path, search: '', now });
      text = answer.kind === 'json' ? [...answer.chunks].join('') : '';
    }
    return reply.status(status).type(JSON_TYPE).send(text);
  }

  const arrayRoute = { ...route, bodyLimit: ARRAY_LIMIT_BYTES };
  app.post(`${prefix}/CreateObservations`, arrayRoute, async (request, reply) => {
    const { actor, now } = await toRequest(request);
    const body = getJsonBody(request);
    const { outcomes, changes } = await createObservations({ sql, actor, version, body, now });
    deps.announce?.(changes);
    const set = `${toRoot(request)}/${version.entities.observation.set}`;
    reply.header('access-control-allow-origin', '*').header('vary', 'cookie, authorization');
    return reply
      .status(201)
      .type(JSON_TYPE)
      .send(Readable.from(renderOutcomes(outcomes, set), { objectMode: false }));
  });
  app.post(`${prefix}/*`, route, async (request, reply) => {
    const asked = await toRequest(request);
    const written = await create({ ...asked, body: getJsonBody(request) });
    return sendEntity(request, reply, asked.actor, written, 201);
  });
  app.patch(`${prefix}/*`, route, async (request, reply) => {
    const asked = await toRequest(request);
    const written = await updateEntity({ ...asked, body: getJsonBody(request) }, 'merge');
    deps.announce?.(written.changes);
    return sendEntity(request, reply, asked.actor, written, 200);
  });
  app.put(`${prefix}/*`, route, async (request, reply) => {
    const asked = await toRequest(request);
    const written = await updateEntity({ ...asked, body: getJsonBody(request) }, 'replace');
    deps.announce?.(written.changes);
    return sendEntity(request, reply, asked.actor, written, 200);
  });
  app.delete(`${prefix}/*`, route, async (request, reply) => {
    const written = await deleteEntity(await toRequest(request));
    deps.announce?.(written.changes);
    // 200 with nothing in it: clients of the standard's own tests take no 204
    return reply.status(200).send('');
  });
}
