/**
 * The demo town as data: what demo/town.json may hold, checked when it is read.
 * Places use the words of the registry; `air`, `class` and `quirk` are known to the simulator alone.
 * No persons: whoever is responsible is a role with a mailbox.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@torv/core/errors';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const Position = Type.Tuple([
  Type.Number({ minimum: -180, maximum: 180 }),
  Type.Number({ minimum: -90, maximum: 90 }),
]);
const ClockTime = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

const DemoPlaceData = Type.Object(
  {
    ref: Type.String({ minLength: 1 }),
    kind: Type.Enum(['site', 'building', 'room', 'point']),
    name: Type.String({ minLength: 1 }),
    parent: Type.Optional(Type.String()),
    /** Longitude, latitude (WGS 84). */
    position: Type.Optional(Position),
    description: Type.Optional(Type.String()),
    role: Type.Optional(Type.String()),
    roomUse: Type.Optional(Type.String()),
    floor: Type.Optional(Type.String()),
    areaM2: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    volumeM3: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    ventilation: Type.Optional(Type.Enum(['none', 'natural', 'mechanical', 'co2-controlled'])),
    ventilationM3PerHour: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    /** The class that has this room, by what it is called this year: its pupils move on each August. */
    class: Type.Optional(
      Type.Object({ grade: Type.Integer({ minimum: 0, maximum: 10 }), letter: Type.String() }),
    ),
    air: Type.Optional(
      Type.Object({
        /** Air changes an hour through leaks in a moderate wind, everything closed. */
        leakPerHour: Type.Number({ exclusiveMinimum: 0 }),
        /** Chance that a break is used to open the windows. */
        airing: Type.Number({ minimum: 0, maximum: 1 }),
        /** Share of the sun's heat that reaches the room. */
        sunny: Type.Number({ minimum: 0, maximum: 1 }),
      }),
    ),
  },
  { additionalProperties: false },
);

const QUIRKS = ['restarts', 'wild', 'battery', 'low', 'silent'] as const;

const DemoDeviceData = Type.Object(
  {
    devEui: Type.String({ pattern: '^[0-9a-f]{16}$' }),
    name: Type.String({ minLength: 1 }),
    /** Key of the codec: vendor/model. */
    model: Type.String({ pattern: '^[a-z0-9-]+/[a-z0-9-]+$' }),
    /** Absent: heard, but nobody has claimed it yet. */
    place: Type.Optional(Type.String()),
    /** Maker and model as people know it; the network server's device profile bears this name. */
    product: Type.String({ minLength: 1 }),
    intervalS: Type.Integer({ minimum: 60 }),
    quirk: Type.Optional(Type.Enum(QUIRKS)),
    tags: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  { additionalProperties: false },
);

const TownData = Type.Object(
  {
    organisation: Type.Object({
      name: Type.String(),
      slug: Type.String(),
      timeZone: Type.String(),
      locale: Type.String(),
      country: Type.String(),
      description: Type.String(),
    }),
    roles: Type.Array(Type.Object({ ref: Type.String(), name: Type.String(), mailbox: Type.String() })),
    timetable: Type.Object({
      lessons: Type.Array(Type.Tuple([ClockTime, ClockTime])),
      /** "0-3" -> lessons from Monday to Friday. */
      lessonsByGrade: Type.Record(Type.String(), Type.Array(Type.Integer(), { minItems: 5, maxItems: 5 })),
      evenings: Type.Array(
        Type.Object({
          place: Type.String(),
          name: Type.String(),
          people: Type.Integer({ minimum: 1 }),
          /** 1 is Monday. */
          weekdays: Type.Array(Type.Integer({ minimum: 1, maximum: 7 })),
          from: ClockTime,
          until: ClockTime,
        }),
      ),
    }),
    classSizes: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1 }),
    places: Type.Array(DemoPlaceData),
    devices: Type.Array(DemoDeviceData),
    gateways: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), position: Position })),
  },
  { additionalProperties: false },
);

export type TownData = Static<typeof TownData>;
export type PlaceData = Static<typeof DemoPlaceData>;
export type DeviceData = Static<typeof DemoDeviceData>;

/** @throws AppError BAD_FILE naming the first thing that is wrong. */
export function parseTown(document: unknown): TownData {
  if (!Value.Check(TownData, document)) {
    const first = Value.Errors(TownData, document)[0];
    throw new AppError('BAD_FILE', `The demo town is not right: ${first?.message ?? 'unknown form'}.`, {
      at: first?.instancePath ?? '',
    });
  }
  const refs = new Set(document.places.map((place) => place.ref));
  for (const place of document.places) {
    if (place.parent !== undefined && !refs.has(place.parent)) {
      throw new AppError('BAD_FILE', `The place ${place.ref} stands in an unknown place.`, { at: place.ref });
    }
  }
  for (const device of document.devices) {
    if (device.place !== undefined && !refs.has(device.place)) {
      throw new AppError('BAD_FILE', `The device ${device.name} is at an unknown place.`, {
        at: device.name,
      });
    }
  }
  return document;
}

/** The folder `demo/` beside or above this file: the same from the sources and from the built server. */
function findDemoFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, 'demo', name);
    if (existsSync(path)) return path;
    const parent = dirname(folder);
    if (parent === folder) throw new AppError('BAD_FILE', `demo/${name} is missing from the installation.`);
    folder = parent;
  }
}

export function readDemoFile(name: string): unknown {
  return JSON.parse(readFileSync(findDemoFile(name), 'utf8'));
}
