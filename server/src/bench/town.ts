/** The town that benchmarks measure with: room sensors with four readings each, and their messages to the letter. */
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { SourceRef } from '../ingest/accept.ts';
import { ensureSource } from '../ingest/source-store.ts';
import { claimDevice } from '../registry/device-store.ts';
import { createOrganisation } from '../registry/organisation-store.ts';
import { createPlace } from '../registry/place-store.ts';
import { START_MS, toEui } from './messages.ts';

/** Devices that are claimed, each in a place of its own. */
export async function setUpTown(sql: Sql, devices: number): Promise<SourceRef> {
  const organisation = await sql.begin((tx) =>
    createOrganisation(tx, SYSTEM, {
      slug: 'bench',
      name: 'Bench',
      country: 'DK',
      timeZone: 'Europe/Copenhagen',
      locale: 'da',
    }),
  );
  await sql.begin(async (tx) => {
    for (let i = 0; i < devices; i++) {
      const place = await createPlace(tx, SYSTEM, organisation.id, { name: `Room ${i}`, kind: 'point' });
      const at = new Date(START_MS - 1000).toISOString();
      await claimDevice(tx, SYSTEM, {
        organisationId: organisation.id,
        devEui: toEui(i),
        codecKey: 'elsys/ers-co2',
        placeId: place.id,
        from: at,
        now: at,
      });
    }
  });
  return ensureSource(sql, {
    organisationId: organisation.id,
    name: 'Bench',
    kind: 'mqtt',
    format: 'chirpstack-v4',
  });
}
