/** Places, devices and groups as CSV in the columns that an import takes back. Only for members. */
import { type CsvValue, renderCsvLine } from '@torv/core/files/csv-cell';
import { REGISTRY_COLUMNS, type RegistryKind } from '@torv/core/files/registry-rows';
import { type Actor, requireRole } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { findDevices } from './device-store.ts';
import { findGroups } from './group-store.ts';
import { findPlaces, type Place } from './place-store.ts';

type Values = Readonly<Record<string, CsvValue>>;

/** A place without a reference of its own is named by its number, under which an import does not find it again. */
function toReference(place: Place | undefined): string | null {
  return place === undefined ? null : (place.externalRef ?? String(place.id));
}

async function findPlaceValues(sql: Sql, actor: Actor, organisationId: number): Promise<Values[]> {
  const places = await findPlaces(sql, actor, organisationId);
  const byId = new Map(places.map((place) => [place.id, place]));
  return places.map((place) => ({
    reference: toReference(place),
    name: place.name,
    kind: place.kind,
    parent: place.parentId === null ? null : toReference(byId.get(place.parentId)),
    description: place.description,
    room_use: place.roomUse,
    floor: place.floor,
    area_m2: place.areaM2,
    volume_m3: place.volumeM3,
    ventilation: place.ventilation,
    ventilation_m3_h: place.ventilationM3H,
    power: place.power,
    latitude: place.position?.[1],
    longitude: place.position?.[0],
  }));
}

async function findDeviceValues(sql: Sql, actor: Actor, organisationId: number): Promise<Values[]> {
  const byId = new Map((await findPlaces(sql, actor, organisationId)).map((place) => [place.id, place]));
  const devices = await findDevices(sql, actor, { organisationId });
  return devices.map((device) => ({
    dev_eui: device.devEui,
    name: device.name || device.heard.name,
    codec: device.codec?.key,
    place: device.place === null ? null : toReference(byId.get(device.place.id)),
    from: device.place === null ? null : `${device.place.from.slice(0, 19)}Z`,
    serial: device.serial,
    power_source: device.powerSource,
    notes: device.notes,
    expected_interval_s: device.expectedIntervalS,
  }));
}

async function findGroupValues(sql: Sql, actor: Actor, organisationId: number): Promise<Values[]> {
  const byId = new Map((await findPlaces(sql, actor, organisationId)).map((place) => [place.id, place]));
  const groups = await findGroups(sql, organisationId);
  const toRooms = (rooms: (typeof groups)[number]['rooms']) =>
    rooms.map((room) => toReference(byId.get(room.placeId))).filter((one) => one !== null);
  return groups.flatMap((group) =>
    group.years.map((year, i) => {
      const before = group.years[i - 1];
      const first = `${year.schoolYear}-08-01T00:00:00Z`;
      const last = `${year.schoolYear + 1}-08-01T00:00:00Z`;
      const rooms = group.rooms.filter(
        (room) =>
          Date.parse(room.from) < Date.parse(last) &&
          (room.until === null || Date.parse(room.until) > Date.parse(first)),
      );
      return {
        name: year.name,
        school_year: year.schoolYear,
        site: toReference(byId.get(group.siteId)),
        people: year.people,
        previous_name: before?.schoolYear === year.schoolYear - 1 ? before.name : null,
        rooms: toRooms(rooms).join('|'),
        from: rooms[0]?.from,
        until: rooms[0]?.until,
      };
    }),
  );
}

const FINDERS: Readonly<
  Record<RegistryKind, (sql: Sql, actor: Actor, organisationId: number) => Promise<Values[]>>
> = {
  places: findPlaceValues,
  devices: findDeviceValues,
  groups: findGroupValues,
};

/** @throws AppError NOT_FOUND for an organisation that the actor does not belong to */
export async function* exportRegistry(
  sql: Sql,
  actor: Actor,
  organisationId: number,
  kind: RegistryKind,
): AsyncGenerator<string> {
  requireRole(actor, organisationId, 'viewer');
  const columns = Object.keys(REGISTRY_COLUMNS[kind]);
  yield renderCsvLine(columns);
  for (const values of await FINDERS[kind](sql, actor, organisationId))
    yield renderCsvLine(columns.map((column) => values[column]));
}
