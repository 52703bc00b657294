/**
 * /sta/v1.1: the addresses, headers and landing page of SensorThings. Everything about entities is generic
 * (read.ts); who may see what is decided by the queries alone.
 */
import { Readable } from 'node:stream';
import { AppError } from '@torv/core/errors';
import { V1_1, type Version } from '@torv/core/sta/version';
import { toInstant } from '@torv/core/time';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { type MqttAddress, toConformance, toMqttSettings } from './conformance.ts';
import { read } from './read.ts';
import { acceptText, registerSensorThingsWrites } from './write-routes.ts';
import type { Change } from './writer-store.ts';

export interface SensorThingsDeps {
  readonly database: Pick<Database, 'sql' | 'boundedSql'>;
  readonly config: Pick<Config, 'publicUrl' | 'staOpen'>;
  readonly now?: () => number;
  /** Told after the commit what was written. */
  readonly announce?: (changes: readonly Change[]) => void;
  /** The embedded broker, once it is on. */
  readonly mqtt?: (() => MqttAddress | undefined) | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Absolute address of the version's root; behind a proxy as the visitor sees it, where the proxy is trusted. */
function toRoot(request: FastifyRequest, config: SensorThingsDeps['config'], version: Version): string {
  return `${config.publicUrl ?? `${request.protocol}://${request.host}`}/sta/${version.path}`;
}

/** What is one piece goes out as it is; more is made as it is taken. */
function toBody(chunks: Iterable<string>): string | Readable {
  const rest = chunks[Symbol.iterator]();
  const first = rest.next();
  const second = first.done === true ? first : rest.next();
  if (second.done === true) return first.done === true ? '' : first.value;
  function* all(): Generator<string> {
    yield first.value;
    yield second.value;
    for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
  }
  return Readable.from(all(), { objectMode: false });
}

function renderRoot(root: string, version: Version, mqtt: MqttAddress | undefined): unknown {
  return {
    value: [...version.sets.keys()].map((name) => ({ name, url: `${root}/${name}` })),
    serverSettings: {
      conformance: toConformance(mqtt !== undefined),
      ...toMqttSettings(new URL(root), mqtt),
    },
  };
}

export function registerSensorThings(app: App, deps: SensorThingsDeps): void {
  const now = deps.now ?? Date.now;
  const version = V1_1;
  const prefix = `/sta/${version.path}`;

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const cut = request.url.indexOf('?');
    const path = request.url.slice(prefix.length, cut === -1 ? undefined : cut);
    const root = toRoot(request, deps.config, version);
    reply.header('access-control-allow-origin', '*').header('vary', 'cookie, authorization');
    const answered = await read({
      sql: deps.database.boundedSql,
      actor: request.actor,
      wire: { version, root },
      path,
      search: cut === -1 ? '' : request.url.slice(cut + 1),
      now: toInstant(now()),
    });
    switch (answered.kind) {
      case 'root':
        return reply.type(JSON_TYPE).send(renderRoot(root, version, deps.mqtt?.()));
      case 'json':
        return reply.type(JSON_TYPE).send(toBody(answered.chunks));
      case 'text':
        return reply.type(answered.isJson ? JSON_TYPE : 'text/plain; charset=utf-8').send(answered.text);
      case 'empty':
        return reply.status(204).send();
    }
  }

  const route = { config: { allow: 'anyone' as const }, schema: { hide: true } };
  app.get(prefix, route, answer);
  app.get(`${prefix}/*`, route, answer);
  // a browser asks before it sends a key along
  app.options(`${prefix}/*`, route, (_request, reply) =>
    reply
      .status(204)
      .headers({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD, OPTIONS',
        'access-control-allow-headers': 'authorization, content-type',
        'access-control-max-age': '86400',
      })
      .send(),
  );
  app.register(async (scope) => {
    acceptText(scope);
    const toOwnRoot = (request: FastifyRequest) => toRoot(request, deps.config, version);
    registerSensorThingsWrites(scope, { ...deps, now }, version, toOwnRoot);
  });
  app.get('/sta', route, () => {
    throw new AppError('NOT_FOUND', 'Say which version of SensorThings.', { hint: `It is at ${prefix}.` });
  });
}
