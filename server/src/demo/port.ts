/**
 * The demo town for the rest of the server: what is to be registered, and its frames. It registers and feeds
 * nothing itself: the demo goes through the same doors as everybody.
 */
import { toLocalDay } from '@torv/core/time';
import { toDayNumber } from './calendar.ts';
import { toClassSize, toCohort, toLessons } from './presence.ts';
import { createTown, type DemoFrame, framesBetween } from './simulator.ts';
import { type PlaceData, parseTown, readDemoFile, type TownData } from './town.ts';

export type { DemoFrame } from './simulator.ts';

export interface DemoPlace {
  readonly ref: string;
  readonly parentRef?: string;
  readonly kind: 'site' | 'building' | 'room' | 'point';
  readonly name: string;
  readonly description: string;
  readonly position?: { readonly longitude: number; readonly latitude: number };
  readonly roleRef?: string;
  readonly roomUse?: string;
  readonly floor?: string;
  readonly areaM2?: number;
  readonly volumeM3?: number;
  readonly ventilation: 'unknown' | 'none' | 'natural' | 'mechanical' | 'co2-controlled';
  readonly ventilationM3PerHour?: number;
}

/** A class keeps its identity while its name changes each August. */
export interface DemoGroup {
  readonly ref: string;
  readonly siteRef: string;
  readonly years: readonly { readonly schoolYear: number; readonly name: string; readonly people: number }[];
  /** UTC instants, half open. */
  readonly rooms: readonly { readonly placeRef: string; readonly from: string; readonly until: string }[];
}

export interface DemoDevice {
  readonly devEui: string;
  readonly name: string;
  /** Key of the codec: vendor/model. */
  readonly modelKey: string;
  readonly product: string;
  /** Absent: it waits in the inbox for somebody to claim it. */
  readonly placeRef?: string;
  /** UTC instant. */
  readonly mountedFrom: string;
  readonly expectedIntervalS: number;
  readonly powerSource: 'battery' | 'mains' | 'solar';
  readonly serial: string;
}

export interface DemoGateway {
  readonly gatewayId: string;
  readonly name: string;
  readonly longitude: number;
  readonly latitude: number;
}

export interface DemoTown {
  readonly organisation: TownData['organisation'];
  readonly roles: TownData['roles'];
  readonly places: readonly DemoPlace[];
  readonly groups: readonly DemoGroup[];
  readonly devices: readonly DemoDevice[];
  readonly gateways: readonly DemoGateway[];
  /** GeoJSON FeatureCollection (RFC 7946); each feature's `kind` says what it is. */
  readonly ground: unknown;
  /** The first moment for which there are frames. */
  readonly mountedFrom: string;
  /** In order of network time, half open; any cut of a period gives the same frames. */
  framesBetween(from: string, to: string): Iterable<DemoFrame>;
  /** When pupils are taught on a local date, in minutes after local midnight; empty on days off. */
  lessonsOn(placeRef: string, date: string): readonly { readonly from: number; readonly until: number }[];
}

/** School years before and after the one of the first start for which classes are known. */
const YEARS_BACK = 1;
const YEARS_AHEAD = 3;

function getSite(data: TownData, place: PlaceData): string {
  let at = place;
  for (;;) {
    const parent = data.places.find((p) => p.ref === at.parent);
    if (!parent) return at.ref;
    at = parent;
  }
}

function toGroups(data: TownData, startedYear: number): DemoGroup[] {
  const { timeZone } = data.organisation;
  const groups = new Map<
    string,
    { siteRef: string; years: DemoGroup['years'][number][]; rooms: DemoGroup['rooms'][number][] }
  >();
  for (let year = startedYear - YEARS_BACK; year <= startedYear + YEARS_AHEAD; year++) {
    for (const place of data.places) {
      if (!place.class) continue;
      const siteRef = getSite(data, place);
      const ref = `${siteRef}-${toCohort(place, year)}-${place.class.letter.toLowerCase()}`;
      const group = groups.get(ref) ?? { siteRef, years: [], rooms: [] };
      groups.set(ref, group);
      group.years.push({
        schoolYear: year,
        name: `${place.class.grade}.${place.class.letter}`,
        people: toClassSize(data, place, year),
      });
      group.rooms.push({
        placeRef: place.ref,
        from: toLocalDay(`${year}-08-01`, timeZone).start,
        until: toLocalDay(`${year + 1}-08-01`, timeZone).start,
      });
    }
  }
  return [...groups].map(([ref, group]) => ({ ref, ...group }));
}

function toPlace(place: PlaceData): DemoPlace {
  const {
    ref,
    kind,
    name,
    parent,
    position,
    description,
    role,
    ventilation,
    class: _class,
    air: _air,
    ...rest
  } = place;
  return {
    ref,
    kind,
    name,
    description: description ?? '',
    ventilation: ventilation ?? 'unknown',
    ...(parent === undefined ? {} : { parentRef: parent }),
    ...(position ? { position: { longitude: position[0], latitude: position[1] } } : {}),
    ...(role === undefined ? {} : { roleRef: role }),
    ...rest,
  };
}

function toPowerSource(model: string): DemoDevice['powerSource'] {
  if (model.startsWith('eastron/') || model.startsWith('elvaco/')) return 'mains';
  return model.endsWith('/wts506') ? 'solar' : 'battery';
}

export interface DemoOptions {
  /** When the demo was first started (RFC 3339); keep it, and give the same one at every later start. */
  readonly startedAt: string;
  readonly seed?: number;
}

export function demoTown({ startedAt, seed = 1 }: DemoOptions): DemoTown {
  const data = parseTown(readDemoFile('town.json'));
  const town = createTown(data, seed, startedAt);
  const { calendar } = town.world;
  const mountedFrom = new Date(town.mountedMs).toISOString();
  return {
    organisation: data.organisation,
    roles: data.roles,
    places: data.places.map(toPlace),
    groups: toGroups(data, calendar.dayAt(Date.parse(startedAt)).schoolYear),
    devices: data.devices.map((device) => ({
      devEui: device.devEui,
      name: device.name,
      modelKey: device.model,
      product: device.product,
      ...(device.place === undefined ? {} : { placeRef: device.place }),
      mountedFrom,
      expectedIntervalS: device.intervalS,
      powerSource: toPowerSource(device.model),
      serial: device.devEui.slice(-6).toUpperCase(),
    })),
    gateways: data.gateways.map(({ id, name, position }) => ({
      gatewayId: id,
      name,
      longitude: position[0],
      latitude: position[1],
    })),
    ground: readDemoFile('ground.geojson'),
    mountedFrom,
    framesBetween: (from, to) => framesBetween(town, from, to),
    lessonsOn(placeRef, date) {
      const place = data.places.find((p) => p.ref === placeRef);
      const day = calendar.day(toDayNumber(date));
      return place && day.schoolDay ? toLessons(data, place, day.weekday) : [];
    },
  };
}
