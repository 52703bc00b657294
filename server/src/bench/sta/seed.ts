/**
 * The data that both servers of a comparison hold: rooms with four Datastreams each, made through the standard's own
 * interface (deep inserts and data arrays), and taken away again at the end.
 */
import { AppError } from '@torv/core/errors';
import { type Answer, expectStatus, type StaClient } from './client.ts';

export interface Seeded {
  /** Marks all Things of this run. */
  readonly run: string;
  readonly things: readonly string[];
  /** What does not go with the Things, as paths. */
  readonly others: readonly string[];
  readonly datastreams: readonly string[];
  readonly observationsPerDatastream: number;
  readonly firstMs: number;
}

export interface SeedSize {
  readonly things: number;
  readonly observations: number;
}

const PROPERTIES = ['co2', 'temperature', 'humidity', 'light'] as const;
export const STEP_MS = 600_000;
export const FIRST_MS = Date.UTC(2025, 0, 1);
const ROWS_AT_ONCE = 1_000;

/** The id of what was made, as it stands in addresses: a number, or a text in quotes. */
export function toId(answer: Answer): string {
  const id = /\(([^()]+)\)\/?$/.exec(answer.location ?? '')?.[1];
  if (id === undefined)
    throw new AppError('UNAVAILABLE', 'What was created has no Location header with its id.');
  return id;
}

/** The value of `@iot.id` for this id. */
const toReference = (id: string): { readonly '@iot.id': number | string } => ({
  '@iot.id': /^\d+$/.test(id) ? Number(id) : id.replace(/^'|'$/g, ''),
});

function toDatastream(name: string, sensor: unknown, observedProperty: unknown) {
  return {
    name,
    description: `${name} of a room`,
    observationType: 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement',
    unitOfMeasurement: { name: 'one', symbol: '1', definition: 'http://unitsofmeasure.org/ucum.html#1' },
    Sensor: sensor,
    ObservedProperty: observedProperty,
  };
}

/** Twelve degrees of a square town; the position of Thing n. */
export function toPosition(n: number): readonly [number, number] {
  return [10 + (n % 10) / 100, 55 + (Math.floor(n / 10) % 10) / 100];
}

/** @throws AppError UNAVAILABLE where the server does not take what the standard allows */
export async function seed(client: StaClient, size: SeedSize): Promise<Seeded> {
  const run = `bench-${Date.now().toString(36)}-${process.pid}`;
  const make = async (path: string, body: unknown) =>
    toId(expectStatus(await client.post(path, body), `POST ${path}`, 201));
  const others: string[] = [];
  const sensorId = await make('Sensors', {
    name: run,
    description: 'A sensor',
    encodingType: 'text/html',
    metadata: 'none',
  });
  others.push(`Sensors(${sensorId})`);
  const sensor = toReference(sensorId);
  const properties = [];
  for (const name of PROPERTIES) {
    const id = await make('ObservedProperties', {
      name: `${name} ${run}`,
      description: name,
      definition: `urn:${run}:${name}`,
    });
    others.push(`ObservedProperties(${id})`);
    properties.push(toReference(id));
  }
  const things: string[] = [];
  const datastreams: string[] = [];
  for (let n = 0; n < size.things; n++) {
    const thing = await make('Things', {
      name: `Room ${n}`,
      description: 'A room',
      properties: { run, floor: n % 5, number: n },
      Locations: [
        {
          name: `Room ${n}`,
          description: 'Where the room is',
          encodingType: 'application/geo+json',
          location: { type: 'Point', coordinates: toPosition(n) },
        },
      ],
    });
    things.push(thing);
    for (const [i, property] of properties.entries()) {
      datastreams.push(
        await make(`Things(${thing})/Datastreams`, toDatastream(PROPERTIES[i] as string, sensor, property)),
      );
    }
  }
  const observationsPerDatastream = Math.max(1, Math.floor(size.observations / datastreams.length));
  for (const [n, datastream] of datastreams.entries()) {
    for (let from = 0; from < observationsPerDatastream; from += ROWS_AT_ONCE) {
      const until = Math.min(from + ROWS_AT_ONCE, observationsPerDatastream);
      const body = toDataArray(datastream, from, until, n);
      expectStatus(await client.post('CreateObservations', body), 'POST CreateObservations', 201);
    }
  }
  return { run, things, others, datastreams, observationsPerDatastream, firstMs: FIRST_MS };
}

/** Rows [from, until) of a Datastream as the data array extension takes them. */
export function toDataArray(datastream: string, from: number, until: number, salt: number): unknown {
  return [
    {
      Datastream: toReference(datastream),
      components: ['phenomenonTime', 'result'],
      'dataArray@iot.count': until - from,
      dataArray: Array.from({ length: until - from }, (_, i) => [
        new Date(FIRST_MS + (from + i) * STEP_MS).toISOString(),
        400 + (((from + i) * 7 + salt * 13) % 1_000),
      ]),
    },
  ];
}

/** Takes away all that the run has made; what is left behind is told, not hidden. @returns what could not be removed */
export async function unseed(client: StaClient, seeded: Seeded): Promise<readonly string[]> {
  const left: string[] = [];
  for (const path of [...seeded.things.map((id) => `Things(${id})`), ...seeded.others]) {
    const { status } = await client.remove(path);
    if (status !== 200 && status !== 204) left.push(`${path}: ${status}`);
  }
  return left;
}
