/** Devices over HTTP: list, claim, change, move, replace, take down; a device's frames, gateways and gaps. */
import { AppError } from '@torv/core/errors';
import { parseEui64 } from '@torv/core/ids';
import { parseInstant } from '@torv/core/time';
import { Type } from 'typebox';
import { requireRole } from '../access/port.ts';
import { type App, getIfMatch } from '../http/server.ts';
import { findDelivery, findFrames, findSignal } from '../ingest/frame-store.ts';
import { markPending } from '../ingest/store.ts';
import { findAssignments } from './assignment-store.ts';
import {
  claimDevice,
  findDevices,
  getDevice,
  moveDevice,
  replaceDevice,
  retireDevice,
  setDeviceCodec,
  updateDevice,
} from './device-store.ts';
import type { RegistryDeps } from './place-routes.ts';

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const IdParams = Type.Object({ id: Id });
const Text = (maxLength: number) => Type.String({ maxLength });
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Instant = Type.String({ maxLength: 40 });
const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const State = Type.Union([Type.Literal('waiting'), Type.Literal('claimed'), Type.Literal('retired')]);

const DeviceBody = Type.Object(
  {
    name: Type.Optional(Name),
    serial: Type.Optional(OrNull(Text(100))),
    powerSource: Type.Optional(
      OrNull(
        Type.Union(
          ['battery', 'mains', 'solar', 'poe'].map((p) =>
            Type.Literal(p as 'battery' | 'mains' | 'solar' | 'poe'),
          ),
        ),
      ),
    ),
    notes: Type.Optional(Text(4000)),
    responsibleRoleId: Type.Optional(OrNull(Id)),
    expectedIntervalS: Type.Optional(OrNull(Type.Integer({ minimum: 1, maximum: 31 * 86_400 }))),
  },
  { additionalProperties: false },
);

export function registerDeviceRoutes(app: App, deps: RegistryDeps): void {
  const { sql } = deps;
  const now = () => new Date(deps.now()).toISOString();
  const tags = ['devices'];
  const wake = <T extends { readonly pending: number }>(result: T): T => {
    if (result.pending > 0) deps.wakeSweep();
    return result;
  };

  app.get(
    '/api/v1/devices',
    {
      config: { allow: 'viewer' },
      schema: {
        tags,
        querystring: Type.Object({
          organisation: Id,
          state: Type.Optional(Type.Array(State)),
          place: Type.Optional(Id),
        }),
      },
    },
    async (request) => {
      requireRole(request.actor, request.query.organisation, 'viewer');
      const devices = await findDevices(sql, request.actor, {
        organisationId: request.query.organisation,
        ...(request.query.state === undefined ? {} : { states: request.query.state }),
        ...(request.query.place === undefined ? {} : { placeId: request.query.place }),
      });
      return { devices };
    },
  );

  app.get(
    '/api/v1/devices/:id',
    { config: { allow: 'viewer' }, schema: { tags, params: IdParams } },
    async (request, reply) => {
      const device = await getDevice(sql, request.actor, request.params.id);
      reply.header('etag', `"${device.version}"`);
      return {
        ...device,
        assignments: await findAssignments(sql, device.id),
        signal: await findSignal(sql, device.id, 14),
        delivery: device.status
          ? await findDelivery(sql, device.id, {
              from: new Date(Date.parse(device.status.lastSeen) - 14 * 86_400_000).toISOString(),
              until: new Date(Date.parse(device.status.lastSeen) + 1000).toISOString(),
            })
          : [],
      };
    },
  );

  app.get(
    '/api/v1/devices/:id/frames',
    {
      config: { allow: 'viewer' },
      schema: {
        tags,
        params: IdParams,
        querystring: Type.Object({
          before: Type.Optional(Instant),
          limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
        }),
      },
    },
    async (request) => {
      await getDevice(sql, request.actor, request.params.id);
      const { before, limit } = request.query;
      return {
        frames: await findFrames(sql, request.params.id, {
          limit,
          ...(before === undefined ? {} : { before: parseInstant(before, 'before') }),
        }),
      };
    },
  );

  app.post(
    '/api/v1/devices/claim',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        querystring: Type.Object({ organisation: Id }),
        body: Type.Object(
          {
            devEui: Text(40),
            codec: Text(100),
            placeId: Id,
            name: Type.Optional(Name),
            serial: Type.Optional(Text(100)),
            from: Type.Optional(Instant),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { devEui, codec, placeId, name, serial, from } = request.body;
      const claimed = await sql.begin((tx) =>
        claimDevice(tx, request.actor, {
          organisationId: request.query.organisation,
          devEui: parseEui64(devEui),
          codecKey: codec,
          placeId,
          now: now(),
          ...(name === undefined ? {} : { name }),
          ...(serial === undefined ? {} : { serial }),
          ...(from === undefined ? {} : { from: parseInstant(from, 'from') }),
        }),
      );
      return reply.status(201).header('location', `/api/v1/devices/${claimed.device.id}`).send(wake(claimed));
    },
  );

  app.patch(
    '/api/v1/devices/:id',
    { config: { allow: 'editor' }, schema: { tags, params: IdParams, body: DeviceBody } },
    async (request, reply) => {
      const device = await sql.begin((tx) =>
        updateDevice(tx, request.actor, request.params.id, getIfMatch(request), request.body),
      );
      return reply.header('etag', `"${device.version}"`).send(device);
    },
  );

  app.post(
    '/api/v1/devices/:id/codec',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        params: IdParams,
        body: Type.Object({ codec: Text(100) }, { additionalProperties: false }),
      },
    },
    (request) =>
      sql.begin((tx) =>
        setDeviceCodec(tx, request.actor, request.params.id, getIfMatch(request), request.body.codec),
      ),
  );

  app.post(
    '/api/v1/devices/:id/move',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        params: IdParams,
        body: Type.Object({ placeId: Id, from: Instant }, { additionalProperties: false }),
      },
    },
    async (request) =>
      wake(
        await sql.begin((tx) =>
          moveDevice(tx, request.actor, {
            deviceId: request.params.id,
            version: getIfMatch(request),
            placeId: request.body.placeId,
            from: parseInstant(request.body.from, 'from'),
          }),
        ),
      ),
  );

  app.post(
    '/api/v1/devices/:id/replace',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        params: IdParams,
        body: Type.Object(
          {
            devEui: Text(40),
            codec: Text(100),
            name: Type.Optional(Name),
            serial: Type.Optional(Text(100)),
            at: Instant,
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { devEui, codec, name, serial, at } = request.body;
      return wake(
        await sql.begin((tx) =>
          replaceDevice(tx, request.actor, {
            oldDeviceId: request.params.id,
            version: getIfMatch(request),
            devEui: parseEui64(devEui),
            codecKey: codec,
            at: parseInstant(at, 'at'),
            now: now(),
            ...(name === undefined ? {} : { name }),
            ...(serial === undefined ? {} : { serial }),
          }),
        ),
      );
    },
  );

  app.post(
    '/api/v1/devices/:id/retire',
    {
      config: { allow: 'editor' },
      schema: { tags, params: IdParams, body: Type.Object({ at: Instant }, { additionalProperties: false }) },
    },
    (request) =>
      sql.begin((tx) =>
        retireDevice(
          tx,
          request.actor,
          request.params.id,
          getIfMatch(request),
          parseInstant(request.body.at, 'at'),
        ),
      ),
  );

  // Rejected frames once more: after the codec was mended, or its quarantine lifted.
  app.post(
    '/api/v1/devices/:id/replay',
    { config: { allow: 'editor' }, schema: { tags, params: IdParams } },
    async (request) => {
      const device = await getDevice(sql, request.actor, request.params.id);
      requireRole(request.actor, device.organisationId, 'editor');
      if (!device.codec)
        throw new AppError('BAD_REQUEST', 'The device has no codec yet.', {
          at: 'device',
          hint: 'Claim it first.',
        });
      return wake({ pending: await markPending(sql, device.id, ['rejected']) });
    },
  );
}
