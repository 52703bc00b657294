/** Groups over HTTP: a class with its name and number of people per school year, and the rooms it occupies from-until. */
import { parseInstant } from '@torv/core/time';
import { Type } from 'typebox';
import { requireRole } from '../access/port.ts';
import { type App, getIfMatch } from '../http/server.ts';
import {
  advanceGroups,
  createGroup,
  findGroups,
  type GroupRoom,
  getGroup,
  updateGroup,
} from './group-store.ts';
import type { RegistryDeps } from './place-routes.ts';

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const IdParams = Type.Object({ id: Id });
const OrganisationQuery = Type.Object({ organisation: Id });
const SchoolYear = Type.Integer({ minimum: 1900, maximum: 2200 });
const Instant = Type.String({ maxLength: 40 });

const Years = Type.Array(
  Type.Object(
    {
      schoolYear: SchoolYear,
      name: Type.String({ minLength: 1, maxLength: 100 }),
      people: Type.Union([Type.Integer({ minimum: 0, maximum: 100_000 }), Type.Null()]),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 30 },
);
const Rooms = Type.Array(
  Type.Object(
    { placeId: Id, from: Instant, until: Type.Union([Instant, Type.Null()]) },
    { additionalProperties: false },
  ),
  { maxItems: 200 },
);

function parseRooms(rooms: readonly GroupRoom[]): readonly GroupRoom[] {
  return rooms.map((room, i) => ({
    placeId: room.placeId,
    from: parseInstant(room.from, `body/rooms/${i}/from`),
    until: room.until === null ? null : parseInstant(room.until, `body/rooms/${i}/until`),
  }));
}

export function registerGroupRoutes(app: App, deps: RegistryDeps): void {
  const { sql } = deps;
  const tags = ['places'];

  app.get(
    '/api/v1/groups',
    {
      config: { allow: 'viewer' },
      schema: { tags, querystring: Type.Object({ organisation: Id, place: Type.Optional(Id) }) },
    },
    async (request) => {
      const { organisation, place } = request.query;
      requireRole(request.actor, organisation, 'viewer');
      return { groups: await findGroups(sql, organisation, place) };
    },
  );

  app.get(
    '/api/v1/groups/:id',
    { config: { allow: 'viewer' }, schema: { tags, params: IdParams } },
    async (request, reply) => {
      const group = await getGroup(sql, request.actor, request.params.id);
      return reply.header('etag', `"${group.version}"`).send(group);
    },
  );

  app.post(
    '/api/v1/groups',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        querystring: OrganisationQuery,
        body: Type.Object({ siteId: Id, years: Years, rooms: Rooms }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      const { siteId, years, rooms } = request.body;
      const group = await sql.begin(async (tx) => {
        const id = await createGroup(tx, request.actor, request.query.organisation, {
          siteId,
          years,
          rooms: parseRooms(rooms),
        });
        return getGroup(tx, request.actor, id);
      });
      return reply
        .status(201)
        .header('etag', `"${group.version}"`)
        .header('location', `/api/v1/groups/${group.id}`)
        .send(group);
    },
  );

  app.patch(
    '/api/v1/groups/:id',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        params: IdParams,
        body: Type.Object(
          { years: Type.Optional(Years), rooms: Type.Optional(Rooms) },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const version = getIfMatch(request);
      const { years, rooms } = request.body;
      const group = await sql.begin((tx) =>
        updateGroup(tx, request.actor, request.params.id, version, {
          ...(years ? { years } : {}),
          ...(rooms ? { rooms: parseRooms(rooms) } : {}),
        }),
      );
      return reply.header('etag', `"${group.version}"`).send(group);
    },
  );

  // Each August: "7.B" of last year is "8.B" of this one; groups that have a name for the year already keep it.
  app.post(
    '/api/v1/groups/advance',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        querystring: OrganisationQuery,
        body: Type.Object({ schoolYear: SchoolYear }, { additionalProperties: false }),
      },
    },
    async (request) => ({
      moved: await sql.begin((tx) =>
        advanceGroups(tx, request.actor, request.query.organisation, request.body.schoolYear),
      ),
    }),
  );
}
