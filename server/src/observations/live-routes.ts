/**
 * GET /api/v1/live: server-sent events. What is new is read again with the listener's own rights each time, so
 * that a revoked visibility takes effect with the next event. A slow listener gets fewer events, never more memory.
 */
import { Type } from 'typebox';
import type { Sql } from '../db/database.ts';
import type { App } from '../http/server.ts';
import { getVisibleOrganisation } from '../registry/organisation-store.ts';
import { findLatest } from './latest-store.ts';
import type { Live } from './live.ts';

const HEARTBEAT_MS = 25_000;
const MAX_LISTENERS = 500;

export function registerLiveRoutes(app: App, deps: { readonly sql: Sql; readonly live: Live }): void {
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
      const { actor } = request;
      const organisation = await getVisibleOrganisation(deps.sql, actor, request.query.organisation);
      if (listeners.size >= MAX_LISTENERS) {
        return reply
          .status(503)
          .header('retry-after', '30')
          .send({ detail: 'Too many listeners; try again soon.' });
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
      const pump = async () => {
        if (reading || waiting.size === 0 || raw.writableNeedDrain) return;
        reading = true;
        const ids = [...waiting];
        waiting = new Set();
        try {
          const latest = await findLatest(deps.sql, actor, { datastreamIds: ids });
          const own = new Set((await findOwn(deps.sql, organisation.id, ids)).map((row) => row.id));
          for (const { placeId, datastreamId, property, value, unit, phenomenonTime, quality } of latest) {
            if (!own.has(datastreamId)) continue;
            raw.write(
              `event: reading\ndata: ${JSON.stringify({ placeId, datastreamId, property, value, unit, phenomenonTime, quality })}\n\n`,
            );
          }
        } catch (error) {
          request.log.warn({ err: error }, 'A live listener could not be told');
        } finally {
          reading = false;
        }
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

async function findOwn(sql: Sql, organisationId: number, ids: readonly number[]): Promise<{ id: number }[]> {
  return sql<
    { id: number }[]
  >`SELECT id FROM datastreams WHERE organisation_id = ${organisationId} AND id = ANY(${ids as number[]}::bigint[])`;
}
