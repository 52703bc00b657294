/** A database with something in every corner that backups and archives must carry: two organisations, odd values, raw frames. */
import { createHash } from 'node:crypto';
import { QUALITY } from '@torv/core/properties';
import { SYSTEM } from '../src/access/port.ts';
import type { Sql } from '../src/db/database.ts';
import { ensurePartitions } from '../src/observations/partition-store.ts';
import { insertReadings, takeReadingNumbers } from '../src/observations/store.ts';
import { installCodec } from '../src/registry/codec-store.ts';
import { claimDevice } from '../src/registry/device-store.ts';
import { createGroup } from '../src/registry/group-store.ts';
import { ensureDatastreams, findIngestDevicesById } from '../src/registry/ingest-store.ts';
import { createOrganisation, syncObservedProperties } from '../src/registry/organisation-store.ts';
import { createPlace } from '../src/registry/place-store.ts';

export interface Filled {
  readonly organisationId: number;
  readonly placeIds: readonly number[];
  readonly deviceId: number;
}

const CODEC = {
  key: 'maker/room',
  vendor: 'maker',
  model: 'room',
  title: 'Room sensor',
  script: 'function decodeUplink() { return { data: {} }; }',
  description: { power: 'battery', expectedIntervalS: 600, mapping: [] },
  vectors: [],
} as const;

/** What the server makes at each start, and one shipped codec. */
export async function prepare(sql: Sql): Promise<void> {
  await syncObservedProperties(sql);
  await sql.begin(async (tx) => {
    const [system] = await tx<{ id: number }[]>`SELECT id FROM organisations WHERE kind = 'system'`;
    await installCodec(tx, SYSTEM, (system as { id: number }).id, 'shipped', {
      ...CODEC,
      key: 'shipped/model',
    });
  });
}

export async function fillDatabase(sql: Sql): Promise<Filled> {
  await prepare(sql);
  // so that the numbers of this database differ from those of the one it goes to
  const other = await sql.begin((tx) =>
    createOrganisation(tx, SYSTEM, {
      slug: 'other',
      name: 'Other',
      country: 'SE',
      timeZone: 'Europe/Stockholm',
      locale: 'sv',
    }),
  );
  await sql.begin((tx) => createPlace(tx, SYSTEM, other.id, { name: 'Elsewhere', kind: 'site' }));
  const { organisationId, placeIds, deviceId } = await sql.begin(async (tx) => {
    const organisation = await createOrganisation(tx, SYSTEM, {
      slug: 'skaering',
      name: 'Skæring; "Kommune"',
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
      ground: { type: 'FeatureCollection', features: [], note: 1e21 },
    });
    const site = await createPlace(tx, SYSTEM, organisation.id, {
      name: '=cmd|calc',
      kind: 'site',
      externalRef: 'S1',
      position: [10.12345678901234, 55.98765432109876],
    });
    const room = await createPlace(tx, SYSTEM, organisation.id, {
      name: 'Room\n"2"',
      kind: 'room',
      parentId: site.id,
      volumeM3: 170.1,
    });
    const groupId = await createGroup(tx, SYSTEM, organisation.id, {
      siteId: site.id,
      years: [{ schoolYear: 2026, name: '7.B', people: 24 }],
      rooms: [{ placeId: room.id, from: '2026-08-01T00:00:00Z', until: null }],
    });
    if (groupId < 1) throw new Error('No group');
    await installCodec(tx, SYSTEM, organisation.id, 'imported', CODEC);
    const shipped = await claimDevice(tx, SYSTEM, {
      organisationId: organisation.id,
      devEui: 'a81758fffe000009',
      codecKey: 'shipped/model',
      placeId: site.id,
      now: '2026-09-01T00:00:00Z',
    });
    const own = await claimDevice(tx, SYSTEM, {
      organisationId: organisation.id,
      devEui: 'a81758fffe000001',
      codecKey: CODEC.key,
      placeId: room.id,
      from: '2026-09-01T00:00:00Z',
      now: '2026-09-01T00:00:00Z',
    });
    await tx`UPDATE assignments SET replaces_id = (SELECT id FROM assignments WHERE device_id = ${own.device.id}) WHERE device_id = ${shipped.device.id}`;
    // JSON whose numbers JavaScript would not print again as they are
    await tx`UPDATE things SET properties = '{"exact": 1.0, "big": 12345678901234567890, "text": "a\\u00e6\\nb"}'::jsonb WHERE id = ${room.id}`;
    const [role] = await tx<
      { id: number }[]
    >`INSERT INTO contact_roles (organisation_id, name, mailbox) VALUES (${organisation.id}, 'Caretaker', 'caretaker@skaering.example') RETURNING id`;
    await tx`INSERT INTO claim_rules (organisation_id, name, position, codec_key) VALUES (${organisation.id}, 'Rooms', 1, ${CODEC.key})`;
    await tx`UPDATE devices SET responsible_role_id = ${(role as { id: number }).id} WHERE id = ${own.device.id}`;
    return { organisationId: organisation.id, placeIds: [site.id, room.id], deviceId: own.device.id };
  });
  await fillReadings(sql, organisationId, deviceId);
  await fillAccess(sql, organisationId);
  return { organisationId, placeIds, deviceId };
}

async function fillReadings(sql: Sql, organisationId: number, deviceId: number): Promise<void> {
  const times = Array.from({ length: 50 }, (_, i) =>
    new Date(Date.UTC(2026, 8, 29, 12) + i * 3_600_000).toISOString(),
  );
  await ensurePartitions(sql, 'uplinks', times);
  await ensurePartitions(sql, 'observations', times);
  await sql.begin(async (tx) => {
    const [device] = await findIngestDevicesById(tx, [deviceId]);
    const assignment = device?.assignments[0];
    if (device === undefined || assignment === undefined) throw new Error('The device has no place');
    const need = { device, assignment, property: 'co2', channel: 0 } as const;
    const made = await ensureDatastreams(tx, [need]);
    const datastreamId = [...made.values()][0] as number;
    const [version] = await tx<
      { id: number }[]
    >`SELECT id FROM codec_versions v WHERE v.codec_id = ${device.codec?.codecId ?? 0}`;
    const uplinks = await tx<{ id: number }[]>`
      INSERT INTO uplinks (id, organisation_id, device_id, network_time, last_time, arrived_at, f_cnt, codec_version_id, f_port, state, clock, payload, rssi, snr)
      SELECT month_bits(g.at) | nextval('uplink_sequence'), ${organisationId}, ${deviceId}, g.at, g.at, g.at, g.n, ${(version as { id: number }).id}, 5, 1, 0,
             decode('00ff', 'hex'), '{-101,-99}', '{1.5}'
      FROM unnest(${times}::timestamptz[]) WITH ORDINALITY AS g(at, n) RETURNING id`;
    await tx`UPDATE uplinks SET copies = 1, copy_times = ARRAY[network_time + interval '1 second'] WHERE f_cnt = 3`;
    await insertReadings(
      tx,
      times.map((phenomenonTime, i) => ({
        datastreamId,
        phenomenonTime,
        channel: 0,
        value: i === 7 ? 0.1 + 0.2 : 400 + i,
        quality: i === 3 ? QUALITY.implausible : 0,
        uplinkId: uplinks[i]?.id ?? null,
      })),
      await takeReadingNumbers(tx, times.length),
    );
    await tx`
      INSERT INTO corrections (organisation_id, observation_id, datastream_id, phenomenon_start, change, old_number)
      SELECT ${organisationId}, o.id, o.datastream_id, o.phenomenon_start, 'changed', 'NaN'::float8 FROM observations o WHERE o.datastream_id = ${datastreamId} LIMIT 1`;
  });
}

async function fillAccess(sql: Sql, organisationId: number): Promise<void> {
  const hash = createHash('sha256').update('secret').digest();
  await sql`INSERT INTO users (email, name, password_hash) VALUES ('first@skaering.example', 'First', '$argon2id$hash')`;
  await sql`INSERT INTO memberships (user_id, organisation_id, role) SELECT id, ${organisationId}, 'administrator' FROM users`;
  await sql`INSERT INTO api_keys (organisation_id, name, key_hash, hint, scopes) VALUES (${organisationId}, 'Gateway', ${hash}, 'torv_ab', '{ingest}')`;
  await sql`INSERT INTO sources (organisation_id, name, kind, format, settings, secret, key_hash)
    VALUES (${organisationId}, 'Broker', 'mqtt', 'chirpstack-v4', '{"url": "mqtts://broker.example"}', ${hash}, ${hash})`;
  await sql`UPDATE devices SET source_id = (SELECT id FROM sources LIMIT 1)`;
}
