/** Places over HTTP: the town with the state of each place, one place with what it measures, its series, its editing. */
import { findRule, ROOM_USES, type RoomUse, toCo2State } from '@torv/core/climate/rules';
import { toTrend } from '@torv/core/climate/trend';
import { AppError } from '@torv/core/errors';
import { groupBy } from '@torv/core/group-by';
import { isPropertyKey, PROPERTIES } from '@torv/core/properties';
import { parseInstant, toLocalDate } from '@torv/core/time';
import { Type } from 'typebox';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { type App, getIfMatch } from '../http/server.ts';
import {
  findLatest,
  findPlaceDatastreams,
  type Latest,
  type PlaceDatastream,
} from '../observations/latest-store.ts';
import { findSeries } from '../observations/store.ts';
import { type DeviceCount, findDeviceCounts } from './device-count-store.ts';
import { findGround, getVisibleOrganisation, type Organisation } from './organisation-store.ts';
import {
  createPlace,
  deletePlace,
  findPlaces,
  getPlace,
  PLACE_KINDS,
  type Place,
  updatePlace,
  VENTILATIONS,
} from './place-store.ts';

export interface RegistryDeps {
  readonly sql: Sql;
  readonly now: () => number;
  /** Told that frames wait to be decoded. */
  readonly wakeSweep: () => void;
}

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const OrganisationQuery = Type.Object({ organisation: Id });
const IdParams = Type.Object({ id: Id });

const PlaceBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    kind: Type.Union(PLACE_KINDS.map((k) => Type.Literal(k))),
    parentId: Type.Optional(nullable(Id)),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    roomUse: Type.Optional(nullable(Type.Union(ROOM_USES.map((u) => Type.Literal(u))))),
    floor: Type.Optional(nullable(Type.String({ maxLength: 20 }))),
    areaM2: Type.Optional(nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }))),
    volumeM3: Type.Optional(nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e7 }))),
    ventilation: Type.Optional(Type.Union(VENTILATIONS.map((v) => Type.Literal(v)))),
    ventilationM3H: Type.Optional(nullable(Type.Number({ minimum: 0, maximum: 1e6 }))),
    power: Type.Optional(
      nullable(Type.Union([Type.Literal('mains'), Type.Literal('none'), Type.Literal('poe')])),
    ),
    position: Type.Optional(
      nullable(
        Type.Tuple([
          Type.Number({ minimum: -180, maximum: 180 }),
          Type.Number({ minimum: -90, maximum: 90 }),
        ]),
      ),
    ),
    externalRef: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 200 }))),
  },
  { additionalProperties: false },
);

const PlaceChange = Type.Partial(
  Type.Object({
    ...PlaceBody.properties,
    visibility: Type.Union([Type.Literal('internal'), Type.Literal('public')]),
  }),
  { additionalProperties: false },
);

/** A value older than three expected intervals (at least 30 minutes) is shown as old, never as the present state. */
export function isStale(
  latest: Pick<Latest, 'phenomenonTime' | 'expectedIntervalS'>,
  nowMs: number,
): boolean {
  const limitMs = Math.max((latest.expectedIntervalS ?? 600) * 3, 1800) * 1000;
  return nowMs - Date.parse(latest.phenomenonTime) > limitMs;
}

interface PlaceState {
  /** none: nothing fresh, or a value (see headline) that no rule judges. */
  readonly level: 'good' | 'attention' | 'poor' | 'none';
  readonly headline: unknown;
  readonly lastHeard: string | null;
  readonly devices: number;
  readonly silent: number;
}

/** What a place leads with; outdoors CO2 says nothing to anybody and comes last. */
const HEADLINES = [
  'co2',
  'sound_level',
  'electric_power',
  'heat_power',
  'air_temperature',
  'soil_moisture',
  'wind_speed',
];

function toPlaceState(
  place: Place,
  latest: readonly Latest[],
  count: DeviceCount | undefined,
  organisation: Organisation,
  nowMs: number,
): PlaceState {
  const numbers = latest.filter((l) => typeof l.value === 'number' && l.quality === 0);
  const order = place.kind === 'point' ? [...HEADLINES.slice(1), 'co2'] : HEADLINES;
  const headline =
    order.map((key) => numbers.find((l) => l.property === key)).find((l) => l !== undefined) ?? numbers[0];
  const fresh = headline !== undefined && !isStale(headline, nowMs);
  const rule =
    headline?.property === 'co2'
      ? findRule(
          organisation.country,
          (place.roomUse ?? 'other') as RoomUse,
          toLocalDate(headline.phenomenonTime, organisation.timeZone),
        )
      : undefined;
  const level =
    fresh && rule && typeof headline.value === 'number' ? toCo2State(headline.value, rule) : 'none';
  const lastHeard =
    latest.map((l) => l.phenomenonTime).sort((a, b) => Date.parse(b) - Date.parse(a))[0] ?? null;
  return {
    level,
    headline: headline
      ? {
          property: headline.property,
          value: headline.value,
          unit: headline.unit,
          phenomenonTime: headline.phenomenonTime,
          trend: null,
          stale: !fresh,
          rule: rule ? { key: rule.key, limit: rule.limitPpm } : null,
        }
      : null,
    lastHeard,
    devices: count?.devices ?? 0,
    silent: count?.silent ?? 0,
  };
}

function toPath(place: Place, byId: ReadonlyMap<number, Place>): { id: number; name: string }[] {
  const path: { id: number; name: string }[] = [];
  for (
    let at = place.parentId === null ? undefined : byId.get(place.parentId);
    at;
    at = at.parentId === null ? undefined : byId.get(at.parentId)
  ) {
    path.unshift({ id: at.id, name: at.name });
  }
  return path;
}

async function findTown(sql: Sql, actor: Actor, organisation: Organisation, nowMs: number) {
  const places = await findPlaces(sql, actor, organisation.id);
  const latest = groupBy(await findLatest(sql, actor, { organisationId: organisation.id }), (l) => l.placeId);
  const counts = await findDeviceCounts(sql, organisation.id, new Date(nowMs).toISOString());
  const byId = new Map(places.map((place) => [place.id, place]));
  return places.map((place) => ({
    id: place.id,
    kind: place.kind,
    name: place.name,
    parentId: place.parentId,
    path: toPath(place, byId),
    position: place.effectivePosition,
    floor: place.floor,
    state: toPlaceState(place, latest.get(place.id) ?? [], counts.get(place.id), organisation, nowMs),
  }));
}

/** How the air has moved in the last 20 minutes: a description, never a forecast. */
async function findTrend(sql: Sql, latest: Latest, nowMs: number) {
  if (latest.property !== 'co2') return null;
  const points = await findSeries(
    sql,
    latest.datastreamId,
    { from: new Date(nowMs - 20 * 60_000).toISOString(), until: new Date(nowMs + 60_000).toISOString() },
    60,
  );
  return toTrend(points.map((p) => ({ timeMs: Date.parse(p.t), value: p.mean }))) ?? null;
}

async function getPlacePage(deps: RegistryDeps, actor: Actor, id: number) {
  const { sql } = deps;
  const place = await getPlace(sql, actor, id);
  const organisation = await getVisibleOrganisation(sql, actor, place.organisationId);
  const nowMs = deps.now();
  const town = await findTown(sql, actor, organisation, nowMs);
  const mine = town.find((p) => p.id === id);
  const latest = await findLatest(sql, actor, { placeIds: [id] });
  const newest = [...groupBy(latest, (l) => l.property).values()].map((list) => list[0] as Latest);
  const co2 = newest.find((l) => l.property === 'co2');
  const rule = findRule(
    organisation.country,
    (place.roomUse ?? 'other') as RoomUse,
    toLocalDate(new Date(nowMs).toISOString(), organisation.timeZone),
  );
  const state = mine?.state ?? toPlaceState(place, latest, undefined, organisation, nowMs);
  const headline =
    state.headline && co2
      ? {
          ...(state.headline as object),
          trend: isStale(co2, nowMs) ? null : await findTrend(sql, co2, nowMs),
        }
      : state.headline;
  return {
    ...place,
    path: mine?.path ?? [],
    state: { ...state, headline },
    rule: rule ?? null,
    timeZone: organisation.timeZone,
    locale: organisation.locale,
    mayEdit: canEdit(actor, place.organisationId),
    current: newest.map((l) => ({ ...l, stale: isStale(l, nowMs) })),
    children: town.filter((p) => p.parentId === id),
    datastreams: await findPlaceDatastreams(sql, actor, id),
  };
}

function canEdit(actor: Actor, organisationId: number): boolean {
  try {
    requireRole(actor, organisationId, 'editor');
    return true;
  } catch {
    return false;
  }
}

/** How many readings a sensor should have given in a span, for the time that it was mounted. */
function toExpected(stream: PlaceDatastream, fromMs: number, untilMs: number): number {
  if (stream.expectedIntervalS === null) return 0;
  const startMs = Math.max(fromMs, stream.from === null ? fromMs : Date.parse(stream.from));
  const endMs = Math.min(untilMs, stream.until === null ? untilMs : Date.parse(stream.until));
  return Math.max(endMs - startMs, 0) / 1000 / stream.expectedIntervalS;
}

async function getPlaceSeries(
  deps: RegistryDeps,
  actor: Actor,
  id: number,
  query: { property: string; from: string; to: string; points: number },
) {
  await getPlace(deps.sql, actor, id);
  if (!isPropertyKey(query.property))
    throw new AppError('BAD_QUERY', `"${query.property}" is not a property that Torv knows.`, {
      at: 'property',
    });
  const from = parseInstant(query.from, 'from');
  const until = parseInstant(query.to, 'to');
  if (Date.parse(until) <= Date.parse(from))
    throw new AppError('BAD_QUERY', 'The period ends before it begins.', { at: 'to' });
  const streams = await findPlaceDatastreams(deps.sql, actor, id, query.property);
  const inSpan = streams.filter(
    (s) =>
      (s.from === null || Date.parse(s.from) < Date.parse(until)) &&
      (s.until === null || Date.parse(s.until) > Date.parse(from)),
  );
  const series = await Promise.all(
    inSpan.map(async (stream) => ({
      datastreamId: stream.id,
      sensor: stream.sensor,
      from: stream.from,
      until: stream.until,
      points: (await findSeries(deps.sql, stream.id, { from, until }, query.points)).map(
        (p) => [p.t, p.mean, p.min, p.max, p.n, p.flags] as const,
      ),
    })),
  );
  const measured = series.reduce((sum, s) => sum + s.points.reduce((n, p) => n + p[4], 0), 0);
  const expected = inSpan.reduce(
    (sum, s) => sum + toExpected(s, Date.parse(from), Math.min(Date.parse(until), deps.now())),
    0,
  );
  const interval = inSpan.find((s) => s.expectedIntervalS !== null)?.expectedIntervalS ?? null;
  const joined = series.some((s) => s.points.some((p) => p[4] > 1));
  const bucketS = joined ? (Date.parse(until) - Date.parse(from)) / 1000 / query.points : 0;
  return {
    property: query.property,
    unit: PROPERTIES[query.property].unit,
    from,
    to: until,
    // Between points as they are given here: where readings were joined, no closer than the joints.
    expectedIntervalS: interval === null ? null : Math.max(interval, bucketS),
    coverage: expected === 0 ? null : Math.min(measured / expected, 1),
    series,
    markers: inSpan
      .filter((s) => s.replaces && s.from !== null && Date.parse(s.from) > Date.parse(from))
      .map((s) => ({ t: s.from, kind: 'sensor-replaced', text: s.sensor })),
  };
}

export function registerPlaceRoutes(app: App, deps: RegistryDeps): void {
  const { sql } = deps;

  app.get(
    '/api/v1/places',
    { config: { allow: 'anyone' }, schema: { querystring: OrganisationQuery, tags: ['places'] } },
    async (request) => {
      const organisation = await getVisibleOrganisation(sql, request.actor, request.query.organisation);
      return { places: await findTown(sql, request.actor, organisation, deps.now()) };
    },
  );

  app.get(
    '/api/v1/places/:id',
    { config: { allow: 'anyone' }, schema: { params: IdParams, tags: ['places'] } },
    async (request, reply) => {
      const page = await getPlacePage(deps, request.actor, request.params.id);
      reply.header('etag', `"${page.version}"`);
      return page;
    },
  );

  app.get(
    '/api/v1/places/:id/series',
    {
      config: { allow: 'anyone' },
      schema: {
        params: IdParams,
        tags: ['places'],
        querystring: Type.Object({
          property: Type.String({ maxLength: 60 }),
          from: Type.String({ maxLength: 40 }),
          to: Type.String({ maxLength: 40 }),
          points: Type.Integer({ minimum: 2, maximum: 2000, default: 400 }),
        }),
      },
    },
    (request) => getPlaceSeries(deps, request.actor, request.params.id, request.query),
  );

  app.get(
    '/api/v1/ground',
    { config: { allow: 'anyone' }, schema: { querystring: OrganisationQuery, tags: ['places'] } },
    async (request) => {
      await getVisibleOrganisation(sql, request.actor, request.query.organisation);
      return findGround(sql, request.query.organisation);
    },
  );

  app.post(
    '/api/v1/places',
    {
      config: { allow: 'editor' },
      schema: { querystring: OrganisationQuery, body: PlaceBody, tags: ['places'] },
    },
    async (request, reply) => {
      const place = await sql.begin((tx) =>
        createPlace(tx, request.actor, request.query.organisation, request.body),
      );
      return reply
        .status(201)
        .header('etag', `"${place.version}"`)
        .header('location', `/api/v1/places/${place.id}`)
        .send(place);
    },
  );

  app.patch(
    '/api/v1/places/:id',
    {
      config: { allow: 'editor' },
      schema: {
        params: IdParams,
        body: PlaceChange,
        tags: ['places'],
      },
    },
    async (request, reply) => {
      const version = getIfMatch(request);
      const place = await sql.begin((tx) =>
        updatePlace(tx, request.actor, request.params.id, version, request.body),
      );
      return reply.header('etag', `"${place.version}"`).send(place);
    },
  );

  app.delete(
    '/api/v1/places/:id',
    { config: { allow: 'editor' }, schema: { params: IdParams, tags: ['places'] } },
    async (request, reply) => {
      const version = getIfMatch(request);
      await sql.begin((tx) => deletePlace(tx, request.actor, request.params.id, version));
      return reply.status(204).send();
    },
  );
}
