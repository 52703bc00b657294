/** The inbox over HTTP: what waits, and what a codec would make of it. The preview decodes in a pool of its own and writes nothing. */
import { toMeasurements } from '@torv/core/mapping';
import { PROPERTIES } from '@torv/core/properties';
import { Type } from 'typebox';
import { requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { App } from '../http/server.ts';
import type { Decoder } from '../ingest/decode/port.ts';
import { findFrames } from '../ingest/frame-store.ts';
import { getDevice } from './device-store.ts';
import { findInbox, getTrialCodec } from './inbox-store.ts';

export interface InboxDeps {
  readonly sql: Sql;
  /** Never the pool that decodes arriving frames. */
  readonly tryDecoder: Decoder;
}

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const OrganisationQuery = Type.Object({ organisation: Id });
const PREVIEWED_FRAMES = 10;

export function registerInboxRoutes(app: App, deps: InboxDeps): void {
  const { sql } = deps;
  const tags = ['devices'];

  app.get(
    '/api/v1/inbox',
    { config: { allow: 'viewer' }, schema: { tags, querystring: OrganisationQuery } },
    async (request) => ({ devices: await findInbox(sql, request.actor, request.query.organisation) }),
  );

  app.post(
    '/api/v1/inbox/preview',
    {
      config: { allow: 'editor' },
      schema: {
        tags,
        body: Type.Object(
          { deviceId: Id, codec: Type.String({ maxLength: 100 }) },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const device = await getDevice(sql, request.actor, request.body.deviceId);
      requireRole(request.actor, device.organisationId, 'editor');
      const codec = await getTrialCodec(sql, device.organisationId, request.body.codec);
      const frames = await findFrames(sql, device.id, { limit: PREVIEWED_FRAMES });
      const outcomes = await deps.tryDecoder.decode(
        frames.map((frame) => ({
          codec: { key: `try:${codec.key}`, script: codec.script },
          fPort: frame.fPort,
          bytes: frame.payload,
          recvTime: frame.networkTime,
          devEui: device.devEui,
        })),
      );
      return {
        frames: frames.map((frame, i) => {
          const outcome = outcomes[i];
          const shown = {
            id: frame.id,
            networkTime: frame.networkTime,
            fPort: frame.fPort,
            payload: frame.payload,
          };
          if (outcome?.kind !== 'decoded') {
            const reason =
              outcome?.kind === 'fault' ? outcome.reason : (outcome?.errors.join('; ') ?? 'No answer.');
            return { ...shown, reason, readings: [] };
          }
          const { measurements, faults } = toMeasurements(outcome.data, codec.mapping, frame.networkTime);
          return {
            ...shown,
            reason: faults.length === 0 ? null : faults.map((f) => `${f.field}: ${f.reason}`).join('; '),
            readings: measurements.map((m) => ({
              property: m.property,
              channel: m.channel,
              value: m.value,
              unit: PROPERTIES[m.property].unit,
              phenomenonTime: m.phenomenonTime,
              quality: m.quality,
            })),
          };
        }),
      };
    },
  );
}
