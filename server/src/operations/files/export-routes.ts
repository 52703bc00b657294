/** Files out over HTTP: readings, places, devices and groups, streamed. For members only: the public way out is the gate. */
import { Readable } from 'node:stream';
import { AppError } from '@torv/core/errors';
import { REGISTRY_KINDS } from '@torv/core/files/registry-rows';
import { isPropertyKey } from '@torv/core/properties';
import { parseInstant } from '@torv/core/time';
import { Type } from 'typebox';
import { requireRole } from '../../access/port.ts';
import type { Sql } from '../../db/database.ts';
import type { App } from '../../http/server.ts';
import { exportReadings } from '../../observations/export-port.ts';
import { exportRegistry } from '../../registry/export-port.ts';

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const tags = ['files'];
const TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const;

export function registerExportRoutes(app: App, deps: { readonly sql: Sql }): void {
  const { sql } = deps;

  app.get(
    '/api/v1/export/readings',
    {
      config: { allow: 'member' },
      schema: {
        tags,
        querystring: Type.Object({
          organisation: Id,
          place: Type.Optional(Id),
          property: Type.Optional(Type.String({ maxLength: 60 })),
          from: Type.Optional(Type.String({ maxLength: 40 })),
          to: Type.Optional(Type.String({ maxLength: 40 })),
          format: Type.Union([Type.Literal('csv'), Type.Literal('ndjson')], { default: 'csv' }),
        }),
      },
    },
    async (request, reply) => {
      const { organisation, place, property, from, to, format } = request.query;
      // Before the first byte: a stream that has begun cannot say no any more.
      requireRole(request.actor, organisation, 'viewer');
      if (property !== undefined && !isPropertyKey(property))
        throw new AppError('BAD_QUERY', `"${property}" is not a property that Torv knows.`, {
          at: 'property',
        });
      const lines = exportReadings(
        sql,
        request.actor,
        {
          organisationId: organisation,
          placeId: place,
          property,
          from: from === undefined ? undefined : parseInstant(from, 'from'),
          until: to === undefined ? undefined : parseInstant(to, 'to'),
        },
        format,
      );
      return reply
        .type(TYPES[format])
        .header('content-disposition', `attachment; filename="readings.${format}"`)
        .send(Readable.from(lines, { highWaterMark: 2 }));
    },
  );

  for (const kind of REGISTRY_KINDS) {
    app.get(
      `/api/v1/export/${kind}`,
      { config: { allow: 'member' }, schema: { tags, querystring: Type.Object({ organisation: Id }) } },
      async (request, reply) => {
        const { organisation } = request.query;
        requireRole(request.actor, organisation, 'viewer');
        return reply
          .type(TYPES.csv)
          .header('content-disposition', `attachment; filename="${kind}.csv"`)
          .send(Readable.from(exportRegistry(sql, request.actor, organisation, kind)));
      },
    );
  }
}
