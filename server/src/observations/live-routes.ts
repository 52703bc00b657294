/**
 * GET /api/v1/live: server-sent events. Before each event it is asked anew who listens and what he may see, so that
 * an ended session, a lost membership, a revoked key and a revoked visibility take effect with the next reading.
 * A slow listener gets fewer events, never more memory.
 */
import { AppError } from '@torv/core/errors';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Actor } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { getVisibleOrganisation } from '../registry/organisation-store.ts';
import { findLatest } from './latest-store.ts';
import type { Live } from './live.ts';

const HEARTBEAT_MS = 25_000;
const MAX_LISTENERS = 500;

export interface LiveDeps {
  readonly sql: Sql;
  readonly live: Live;
  /** Who asks, as of now. @throws AppError when the key or the link is not good any more */
  readonly authenticate: (request: FastifyRequest) => Promise<Actor>;
}

/** A listener's own rights as they are now. @throws AppError when it may not listen any more */
async function findAllowed(deps: LiveDeps, request: FastifyRequest, organisationId: number, ids: number[]) {
  const actor = await deps.authenticate(request);
  // Somebody else by now, or nobody: whoever it is listens anew.
  if (actor.kind !== request.actor.kind) throw new AppError('SIGNED_OUT', 'Sign in to see this.');
  const latest = await findLatest(deps.sql, actor, { organisationId, datastreamIds: ids });
  if (latest.length === 0) await getVisibleOrganisation(deps.sql, actor, organisationId);
  return latest;
}

export function registerLiveRoutes(app: App, deps: LiveDeps): void {
  /** How to end each listener. */
  const listeners = new Set<() => void>();
  // A listener never goes by itself: without this no server with an open page would stop.
  app.addHook('preClose', async () => {
    for (const end of listeners) end();
  });
  app.get(
    '/api/v1/live',
    {
      config: { allow: 'anyone' },
      schema: {
        tags: ['places'],
        querystring: Type.Object({
          organisation: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        }),
      },
    },
    async (request, reply) => {
      const organisation = await getVisibleOrganisation(deps.sql, request.actor, request.query.organisation);
      if (listeners.size >= MAX_LISTENERS) {
        reply.header('retry-after', '30');
        throw new AppError('UNAVAILABLE', 'Too many listeners; try again soon.');
      }
      reply.hijack();
      const { raw } = reply;
      // Gone while it was looked at: it would never tell that it goes, and its heartbeat would beat for ever.
      if (raw.destroyed || request.raw.destroyed) return reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      raw.write('retry: 3000\n\n');
      let waiting = new Set<number>();
      let reading = false;
      const isIdle = () => waiting.size === 0 || raw.writableNeedDrain || raw.writableEnded || raw.destroyed;
      const tell = async () => {
        const ids = [...waiting];
        waiting = new Set();
        try {
          for (const one of await findAllowed(deps, request, organisation.id, ids)) {
            const { placeId, datastreamId, property, value, unit, phenomenonTime, quality } = one;
            const data = { placeId, datastreamId, property, value, unit, phenomenonTime, quality };
            if (!raw.writableEnded) raw.write(`event: reading\ndata: ${JSON.stringify(data)}\n\n`);
          }
        } catch (error) {
          if (error instanceof AppError) raw.end();
          else request.log.warn({ err: error }, 'A live listener could not be told');
        }
      };
      const pump = async () => {
        if (reading) return;
        reading = true;
        // what was stored meanwhile is told too
        while (!isIdle()) await tell();
        reading = false;
      };
      const stop = deps.live.listen((ids) => {
        for (const id of ids) waiting.add(id);
        void pump();
      });
      raw.on('drain', () => void pump());
      const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
      const end = () => {
        listeners.delete(end);
        stop();
        clearInterval(heartbeat);
        raw.end();
      };
      listeners.add(end);
      raw.on('close', end);
      return reply;
    },
  );
}
