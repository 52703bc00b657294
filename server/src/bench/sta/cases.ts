/** What is measured, each as one request that a real client makes; every answer is looked at before its time counts. */
import { type Answer, expectStatus, type StaClient } from './client.ts';
import { type Seeded, STEP_MS, toDataArray, toPosition } from './seed.ts';

export interface StaCase {
  readonly name: string;
  /** Observations that one request creates; 0 for reading. */
  readonly creates: number;
  readonly requests: number;
  readonly atOnce: number;
  /** The n-th request. @returns the time of each answer, in milliseconds */
  run(client: StaClient, seeded: Seeded, n: number): Promise<readonly number[]>;
}

interface Page {
  readonly value?: readonly unknown[];
  readonly '@iot.nextLink'?: string;
  readonly '@iot.count'?: number;
}

function toPage(answer: Answer, what: string): Page {
  return JSON.parse(expectStatus(answer, what, 200).text) as Page;
}

/** Reads on until `wanted` entities are there or the end is reached. */
async function readPages(client: StaClient, path: string, wanted: number): Promise<readonly number[]> {
  const times: number[] = [];
  let found = 0;
  for (let next: string | undefined = path; next !== undefined && found < wanted; ) {
    const answer = await client.get(next);
    const page = toPage(answer, `GET ${path}`);
    times.push(answer.ms);
    found += page.value?.length ?? 0;
    next = page['@iot.nextLink'];
  }
  if (found < wanted && Number.isFinite(wanted))
    throw new Error(`GET ${path}: ${found} entities, not ${wanted}`);
  return times;
}

async function readSome(client: StaClient, path: string, least: number): Promise<readonly number[]> {
  const answer = await client.get(path);
  const page = toPage(answer, `GET ${path}`);
  const found = page.value?.length ?? 0;
  if (found < least) throw new Error(`GET ${path}: ${found} entities, expected at least ${least}`);
  return [answer.ms];
}

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

function toLast(count: number, requests: number): StaCase {
  return {
    name: `GET last ${count.toLocaleString('en')} of a Datastream`,
    creates: 0,
    requests,
    atOnce: 4,
    async run(client, seeded, n) {
      const wanted = Math.min(count, seeded.observationsPerDatastream);
      const path = `Datastreams(${pick(seeded.datastreams, n * 7)})/Observations?$orderby=phenomenonTime desc&$top=${count}`;
      const times = await readPages(client, path, wanted);
      // what a person waits for, however many pages the server makes of it
      return [times.reduce((sum, ms) => sum + ms, 0)];
    },
  };
}

function toArrays(rows: number, requests: number): StaCase {
  return {
    name: `POST a data array of ${rows.toLocaleString('en')}`,
    creates: rows,
    requests,
    atOnce: 4,
    async run(client, seeded, n) {
      const from = seeded.observationsPerDatastream + rows * (n + 1);
      const body = toDataArray(pick(seeded.datastreams, n), from, from + rows, n);
      return [expectStatus(await client.post('CreateObservations', body), 'POST CreateObservations', 201).ms];
    },
  };
}

/** Of as many clients, each waiting for its answer. @param hour other cases' Observations have other times */
function toSingles(atOnce: number, requests: number, hour: number): StaCase {
  return {
    name: `POST one Observation, ${atOnce} at once`,
    creates: 1,
    requests,
    atOnce,
    async run(client, seeded, n) {
      const phenomenonTime = new Date(seeded.firstMs - hour * 3_600_000 - (n + 1) * 100).toISOString();
      const path = `Datastreams(${pick(seeded.datastreams, n)})/Observations`;
      return [expectStatus(await client.post(path, { phenomenonTime, result: n }), `POST ${path}`, 201).ms];
    },
  };
}

/** In order; the ones that read come first, so that they read the same data on both servers. */
export const STA_CASES: readonly StaCase[] = [
  toLast(100, 400),
  toLast(1_000, 200),
  toLast(10_000, 20),
  {
    name: 'GET a day of a Datastream',
    creates: 0,
    requests: 300,
    atOnce: 4,
    run(client, seeded, n) {
      const from = new Date(seeded.firstMs + (n % 5) * 86_400_000).toISOString();
      const until = new Date(seeded.firstMs + ((n % 5) + 1) * 86_400_000).toISOString();
      const filter = `phenomenonTime ge ${from} and phenomenonTime lt ${until}`;
      const least =
        Math.min(seeded.observationsPerDatastream, 86_400_000 / STEP_MS) > 0 && n % 5 === 0 ? 1 : 0;
      const path = `Datastreams(${pick(seeded.datastreams, n * 3)})/Observations?$filter=${filter}&$orderby=phenomenonTime asc&$top=200`;
      return readSome(client, path, least);
    },
  },
  {
    name: 'GET the count of a Datastream',
    creates: 0,
    requests: 400,
    atOnce: 4,
    async run(client, seeded, n) {
      const answer = await client.get(
        `Datastreams(${pick(seeded.datastreams, n)})/Observations?$count=true&$top=1`,
      );
      const { '@iot.count': count } = toPage(answer, 'GET Observations with $count');
      if (count !== seeded.observationsPerDatastream)
        throw new Error(`$count says ${count}, not ${seeded.observationsPerDatastream}`);
      return [answer.ms];
    },
  },
  {
    name: 'GET page after page to the end',
    creates: 0,
    requests: 2,
    atOnce: 1,
    run: (client, seeded, n) =>
      readPages(
        client,
        `Datastreams(${pick(seeded.datastreams, n)})/Observations?$select=result,phenomenonTime&$top=1000`,
        seeded.observationsPerDatastream,
      ),
  },
  {
    name: 'GET the latest of every Thing',
    creates: 0,
    requests: 60,
    atOnce: 2,
    run: (client, seeded) =>
      readSome(
        client,
        `Things?$filter=properties/run eq '${seeded.run}'&$top=100&$expand=Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc))`,
        Math.min(seeded.things.length, 100),
      ),
  },
  {
    name: 'GET Locations in a polygon',
    creates: 0,
    requests: 200,
    atOnce: 4,
    run(client, seeded, n) {
      const [lon, lat] = toPosition(n % Math.min(10, seeded.things.length));
      const [w, e, s, north] = [lon - 0.005, lon + 0.005, lat - 0.005, lat + 0.005];
      const polygon = `POLYGON((${w} ${s},${e} ${s},${e} ${north},${w} ${north},${w} ${s}))`;
      return readSome(client, `Locations?$filter=st_within(location,geography'${polygon}')&$top=100`, 1);
    },
  },
  {
    name: 'GET Things by a JSON property',
    creates: 0,
    requests: 200,
    atOnce: 4,
    run: (client, seeded, n) =>
      readSome(
        client,
        `Things?$filter=properties/run eq '${seeded.run}' and properties/floor eq ${n % Math.min(5, seeded.things.length)}&$top=100`,
        1,
      ),
  },
  {
    name: 'GET Things by their Datastreams',
    creates: 0,
    requests: 100,
    atOnce: 4,
    run: (client, seeded) =>
      readSome(
        client,
        `Things?$filter=Datastreams/ObservedProperty/name eq 'co2 ${seeded.run}'&$top=100`,
        Math.min(seeded.things.length, 100),
      ),
  },
  toSingles(1, 200, 1),
  toSingles(16, 1_000, 2),
  toSingles(64, 4_000, 3),
  toArrays(100, 200),
  toArrays(1_000, 200),
];
