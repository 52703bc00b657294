import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, type TestDatabase } from '../../test/database.ts';
import { ANONYMOUS, SYSTEM } from '../access/port.ts';
import { createOrganisation } from './organisation-store.ts';
import { createPlace, deletePlace, findPlaces, getPlace, type NewPlace, updatePlace } from './place-store.ts';

describe.each(DATABASE_KINDS)('places on %s', (kind) => {
  let database: TestDatabase;
  let organisationId: number;

  beforeAll(async () => {
    database = await createTestDatabase(kind);
    const made = await database.sql.begin((tx) =>
      createOrganisation(tx, SYSTEM, {
        slug: 'havneby',
        name: 'Havneby',
        country: 'DK',
        timeZone: 'Europe/Copenhagen',
        locale: 'da',
      }),
    );
    organisationId = made.id;
  });
  afterAll(() => database.drop());

  const create = (input: NewPlace) =>
    database.sql.begin((tx) => createPlace(tx, SYSTEM, organisationId, input));

  it('gives a place without a position its parent’s, and follows when the parent moves', async () => {
    const site = await create({ name: 'Skolen', kind: 'site', position: [10, 55] });
    const building = await create({ name: 'Fløj A', kind: 'building', parentId: site.id });
    const room = await create({ name: 'Lokale 1', kind: 'room', parentId: building.id });
    expect(room).toMatchObject({ position: null, effectivePosition: [10, 55] });
    await database.sql.begin((tx) =>
      updatePlace(tx, SYSTEM, site.id, site.version, { position: [10.5, 55.5] }),
    );
    expect((await getPlace(database.sql, SYSTEM, room.id)).effectivePosition).toEqual([10.5, 55.5]);
    const [history] = await database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM historical_locations WHERE thing_id = ${room.id}`;
    expect(history?.n).toBe(2);
  });

  it('refuses a building in a room and a place inside itself', async () => {
    const site = await create({ name: 'Rådhuset', kind: 'site' });
    const building = await create({ name: 'Hovedbygning', kind: 'building', parentId: site.id });
    const room = await create({ name: 'Sal', kind: 'room', parentId: building.id });
    await expect(create({ name: 'Umulig', kind: 'building', parentId: room.id })).rejects.toMatchObject({
      code: 'BAD_BODY',
    });
    const point = await create({ name: 'Måler', kind: 'point', parentId: room.id });
    await expect(
      database.sql.begin((tx) => updatePlace(tx, SYSTEM, point.id, point.version, { parentId: point.id })),
    ).rejects.toMatchObject({ code: 'BAD_BODY' });
  });

  it('refuses a second change of the same version and shows what stands there now', async () => {
    const site = await create({ name: 'Hallen', kind: 'site' });
    await database.sql.begin((tx) => updatePlace(tx, SYSTEM, site.id, site.version, { name: 'Hal 1' }));
    await expect(
      database.sql.begin((tx) => updatePlace(tx, SYSTEM, site.id, site.version, { name: 'Hal 2' })),
    ).rejects.toMatchObject({ code: 'VERSION_CONFLICT', extra: { current: { name: 'Hal 1' } } });
  });

  it('lets a site be public and refuses a room of a real organisation with the reason', async () => {
    const site = await create({ name: 'Torvet', kind: 'site', position: [9, 56] });
    const building = await create({ name: 'Huset', kind: 'building', parentId: site.id });
    const room = await create({ name: 'Stuen', kind: 'room', parentId: building.id });
    await expect(
      database.sql.begin((tx) => updatePlace(tx, SYSTEM, room.id, room.version, { visibility: 'public' })),
    ).rejects.toMatchObject({ code: 'NOT_PUBLIC', detail: expect.stringContaining('site') });
    await database.sql.begin((tx) =>
      updatePlace(tx, SYSTEM, site.id, site.version, { visibility: 'public' }),
    );
    const seen = await findPlaces(database.sql, ANONYMOUS, organisationId);
    expect(seen.map((place) => place.name)).toEqual(['Torvet']);
    await expect(getPlace(database.sql, ANONYMOUS, room.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // A public site cannot become a room by the back door.
    const now = await getPlace(database.sql, SYSTEM, site.id);
    await expect(
      database.sql.begin((tx) => updatePlace(tx, SYSTEM, site.id, now.version, { kind: 'point' })),
    ).rejects.toMatchObject({ code: 'NOT_PUBLIC' });
  });

  it('names what keeps a place from being deleted', async () => {
    const site = await create({ name: 'Biblioteket', kind: 'site' });
    const building = await create({ name: 'Tårnet', kind: 'building', parentId: site.id });
    await expect(
      database.sql.begin((tx) => deletePlace(tx, SYSTEM, site.id, site.version)),
    ).rejects.toMatchObject({
      code: 'IN_USE',
      detail: expect.stringContaining('1 places inside it'),
    });
    await database.sql.begin((tx) => deletePlace(tx, SYSTEM, building.id, building.version));
    await database.sql.begin((tx) => deletePlace(tx, SYSTEM, site.id, site.version));
    await expect(getPlace(database.sql, SYSTEM, site.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
