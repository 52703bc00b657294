/**
 * A small town for tests of the way of an uplink: a real database of either kind, the real sandbox, real codecs,
 * an organisation with a place. What is fed goes the same way as live frames; nothing is written past it.
 */
import { fileURLToPath } from 'node:url';
import { SYSTEM } from '../../src/access/port.ts';
import type { Sql } from '../../src/db/database.ts';
import { createDecoder, type Decoder } from '../../src/ingest/decode/port.ts';
import type { Reception, Uplink } from '../../src/ingest/source.ts';
import { ensureSource } from '../../src/ingest/source-store.ts';
import { type SweepReport, sweepPending } from '../../src/ingest/sweep.ts';
import {
  DeviceKnowledge,
  type IngestDeps,
  type IngestItem,
  type IngestReport,
  ingestBatch,
  toReport,
} from '../../src/ingest/uplink.ts';
import { installCodec } from '../../src/registry/codec-store.ts';
import { claimDevice } from '../../src/registry/device-store.ts';
import { createOrganisation, syncObservedProperties } from '../../src/registry/organisation-store.ts';
import { createPlace } from '../../src/registry/place-store.ts';
import { syncShippedCodecs } from '../../src/registry/shipped-codec-store.ts';
import { createTestDatabase, type DatabaseKind, type TestDatabase } from '../database.ts';

export const CODECS = fileURLToPath(new URL('../../../codecs', import.meta.url));

/** First byte: the value now; then five bytes each: seconds since 1970 and the value at that time. */
const HISTORY_SCRIPT = `
function decodeUplink(input) {
  var b = input.bytes, history = [];
  if (b[0] === 255) return { errors: ['no sensor'] };
  for (var i = 1; i + 4 < b.length; i += 5)
    history.push({ at: ((b[i] << 24) >>> 0) + (b[i + 1] << 16) + (b[i + 2] << 8) + b[i + 3], v: b[i + 4] });
  return { data: { now: b[0], history: history } };
}`;

export interface TestTown {
  readonly database: TestDatabase;
  readonly sql: Sql;
  readonly decoder: Decoder;
  readonly deps: IngestDeps;
  close(): Promise<void>;
}

export async function openTown(kind: DatabaseKind): Promise<TestTown> {
  const database = await createTestDatabase(kind);
  await syncObservedProperties(database.sql);
  await syncShippedCodecs(database.sql, CODECS);
  const decoder = createDecoder({ workers: 1 });
  return {
    database,
    sql: database.sql,
    decoder,
    deps: toDeps(database.sql, decoder),
    async close() {
      await decoder.close();
      await database.drop();
    },
  };
}

/** As a second ingest process has it: knowledge of its own. */
export function toDeps(sql: Sql, decoder: Decoder): IngestDeps {
  return { sql, decoder, devices: new DeviceKnowledge(), announce: () => undefined };
}

export interface TestOrganisation {
  readonly id: number;
  readonly placeId: number;
  readonly sourceId: number;
  addPlace(name: string): Promise<number>;
  claim(devEui: string, options?: { codec?: string; placeId?: number; from?: string }): Promise<number>;
  /** One reception of a frame. */
  hear(uplink: Partial<Uplink> & Pick<Uplink, 'networkTime'>, arrivedAt?: string): IngestItem;
  feed(...items: IngestItem[]): Promise<IngestReport>;
  sweep(): Promise<SweepReport>;
  observations(): Promise<readonly ObservationRow[]>;
  uplinks(): Promise<readonly UplinkRow[]>;
}

export interface ObservationRow {
  readonly place: string;
  readonly property: string;
  readonly channel: number;
  readonly time: string;
  readonly value: number | boolean;
  readonly quality: number;
  readonly resultTime: string | null;
}

export interface UplinkRow {
  readonly devEui: string;
  readonly devAddr: string | null;
  readonly fCnt: number | null;
  readonly payload: string;
  readonly first: string;
  readonly last: string;
  readonly copies: number;
  readonly state: number;
  readonly reason: string | null;
  readonly gateways: readonly string[];
  readonly snr: readonly (number | null)[];
}

export const DEVICE = 'a81758fffe000001';
export const GATEWAY: Reception = { gatewayId: 'gw-1', rssi: -80, snr: 7.5 };
let organisations = 0;

export async function addOrganisation(
  town: TestTown,
  kind: 'municipality' | 'demo' = 'municipality',
): Promise<TestOrganisation> {
  const { sql, deps } = town;
  const n = ++organisations;
  const organisation = await sql.begin((tx) =>
    createOrganisation(tx, SYSTEM, {
      slug: `town-${n}`,
      name: `Town ${n}`,
      kind,
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
    }),
  );
  const id = organisation.id;
  await sql.begin((tx) =>
    installCodec(tx, SYSTEM, id, 'written', {
      key: 'test/history',
      vendor: 'Test',
      model: 'History',
      title: 'A sensor that repeats what it measured before',
      script: HISTORY_SCRIPT,
      description: {
        mapping: [
          { field: '/now', property: 'air_temperature', unit: 'Cel' },
          {
            field: '/history/*/v',
            property: 'air_temperature',
            unit: 'Cel',
            time: { field: './at', form: 'unix-s' },
          },
        ],
      },
      vectors: [],
    }),
  );
  const addPlace = async (name: string) =>
    (await sql.begin((tx) => createPlace(tx, SYSTEM, id, { name, kind: 'point' }))).id;
  const placeId = await addPlace('Room');
  const source = await ensureSource(sql, { organisationId: id, name: 'Test', kind: 'file', format: 'torv' });
  return {
    id,
    placeId,
    sourceId: source.id,
    addPlace,
    async claim(devEui, options = {}) {
      const { device } = await sql.begin((tx) =>
        claimDevice(tx, SYSTEM, {
          organisationId: id,
          devEui,
          codecKey: options.codec ?? 'elsys/ers-co2',
          placeId: options.placeId ?? placeId,
          from: options.from ?? '2026-01-01T00:00:00Z',
          now: '2026-01-01T00:00:00Z',
        }),
      );
      return device.id;
    },
    hear: (uplink, arrivedAt = uplink.networkTime) => ({
      organisationId: id,
      sourceId: source.id,
      arrivedAt,
      uplink: {
        devEui: DEVICE,
        devAddr: '26011aaa',
        fCnt: 1,
        fPort: 5,
        payload: '0100da02300d0605dc',
        clock: 'network-server',
        receptions: [GATEWAY],
        ...uplink,
      },
    }),
    feed: async (...items) => toReport(await ingestBatch(deps, items)),
    async sweep() {
      let total: SweepReport = { frames: 0, rejected: 0, readings: 0 };
      for (;;) {
        const report = await sweepPending(deps);
        total = {
          frames: total.frames + report.frames,
          rejected: total.rejected + report.rejected,
          readings: total.readings + report.readings,
        };
        if (report.frames === 0) return total;
      }
    },
    observations: () => findObservations(sql, id),
    uplinks: () => findUplinks(sql, id),
  };
}

async function findObservations(sql: Sql, organisationId: number): Promise<readonly ObservationRow[]> {
  return sql<ObservationRow[]>`
    SELECT t.name AS place, d.property_key AS property, o.channel, o.phenomenon_start AS time,
      coalesce(to_jsonb(o.result_number), o.result_json::jsonb) AS value, o.quality, o.result_time AS "resultTime"
    FROM observations o JOIN datastreams d ON d.id = o.datastream_id JOIN things t ON t.id = d.thing_id
    WHERE d.organisation_id = ${organisationId}
    ORDER BY t.name, d.property_key, o.channel, o.phenomenon_start`;
}

async function findUplinks(sql: Sql, organisationId: number): Promise<readonly UplinkRow[]> {
  return sql<UplinkRow[]>`
    SELECT v.dev_eui AS "devEui", u.dev_addr AS "devAddr", u.f_cnt AS "fCnt", encode(u.payload, 'hex') AS payload,
      u.network_time AS first, u.last_time AS last, u.copies, u.state, u.reason, u.snr,
      ARRAY(SELECT g.gateway_id FROM unnest(u.gateway_ids) WITH ORDINALITY AS k(id, n) JOIN gateways g ON g.id = k.id ORDER BY k.n) AS gateways
    FROM uplinks u JOIN devices v ON v.id = u.device_id
    WHERE u.organisation_id = ${organisationId} AND u.state <> 4
    ORDER BY v.dev_eui, u.network_time, u.payload, u.f_cnt, u.dev_addr`;
}

/** Statistics that do not agree with the rows they count; empty when all is well. */
export async function findWrongStatistics(sql: Sql, organisationId: number): Promise<readonly unknown[]> {
  return sql`
    SELECT d.id, d.name, s.observations, c.n, s.last_time, c.last FROM datastreams d
    LEFT JOIN datastream_stats s ON s.datastream_id = d.id
    CROSS JOIN LATERAL (SELECT count(*) AS n, max(o.phenomenon_start) AS last, min(o.phenomenon_start) AS first
      FROM observations o WHERE o.datastream_id = d.id) c
    WHERE d.organisation_id = ${organisationId} AND (coalesce(s.observations, 0), s.last_time, s.phenomenon_start) IS DISTINCT FROM (c.n, c.last, c.first)`;
}

/** Bytes of the history codec: the value now, then what it says it measured before. */
export function toHistoryPayload(
  now: number,
  history: readonly { atS: number; value: number }[] = [],
): string {
  const bytes = Buffer.alloc(1 + 5 * history.length);
  bytes[0] = now;
  history.forEach(({ atS, value }, i) => {
    bytes.writeUInt32BE(atS, 1 + 5 * i);
    bytes[5 + 5 * i] = value;
  });
  return bytes.toString('hex');
}
