/**
 * `torv bench sta`: the same requests to any SensorThings 1.1 server, or to two in turn. It needs nothing of Torv on
 * the other side and takes away what it has made. Where the server runs on this machine, its processor time is read
 * from /proc.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { renderFault } from '../../output.ts';
import { STA_CASES, type StaCase } from './cases.ts';
import { createStaClient, type StaClient } from './client.ts';
import { type MqttTarget, measureFanOut, measurePublish } from './mqtt.ts';
import { type Outcome, renderRatios, renderTable, type Timed } from './report.ts';
import { type Seeded, type SeedSize, seed, unseed } from './seed.ts';

export interface StaServer {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly mqtt: MqttTarget | undefined;
  /** Processes whose processor time counts as the server's: itself, its database. */
  readonly pids: readonly number[];
}

export interface StaBench {
  readonly servers: readonly StaServer[];
  readonly size: SeedSize;
  /** Share of each case's requests, for a quick look. */
  readonly share: number;
  readonly say: (line: string) => void;
}

const TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat behind the name in brackets (proc(5)); undefined where there is no such process. */
function readStat(pid: number | string): readonly number[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').map(Number);
  } catch {
    return undefined;
  }
}

const [PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM] = [1, 11, 12, 13, 14] as const;
const sum = (stat: readonly number[], fields: readonly number[]): number =>
  fields.reduce((total, field) => total + (stat[field] ?? 0), 0);

/** Of processes and their children, also of those that have ended: a database answers each client in one of its own. */
function readProcessorMs(pids: readonly number[]): number | undefined {
  if (pids.length === 0) return undefined;
  let ticks = 0;
  for (const pid of pids) {
    const stat = readStat(pid);
    if (stat === undefined) return undefined;
    ticks += sum(stat, [USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM]);
  }
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || pids.includes(Number(name))) continue;
    const stat = readStat(name);
    if (stat !== undefined && pids.includes(stat[PARENT] ?? 0)) ticks += sum(stat, [USER, SYSTEM]);
  }
  return (ticks / TICKS_PER_SECOND) * 1000;
}

async function watch(
  server: StaServer,
  name: string,
  creates: number,
  work: () => Promise<Timed>,
): Promise<Outcome> {
  const before = readProcessorMs(server.pids);
  try {
    const timed = await work();
    const after = readProcessorMs(server.pids);
    const processorMs = before === undefined || after === undefined ? undefined : after - before;
    return { name, creates, ...timed, processorMs };
  } catch (error) {
    return { name, fault: renderFault(error).split('\n')[0] ?? '' };
  }
}

async function runCase(one: StaCase, client: StaClient, seeded: Seeded, share: number): Promise<Timed> {
  const requests = Math.max(1, Math.round(one.requests * share));
  // One before the clock runs: connections are made, plans are known.
  await one.run(client, seeded, requests);
  const times: number[] = [];
  let next = 0;
  const begunMs = performance.now();
  const lane = async (): Promise<void> => {
    while (next < requests) times.push(...(await one.run(client, seeded, next++)));
  };
  await Promise.all(Array.from({ length: Math.min(one.atOnce, requests) }, lane));
  return { times, seconds: (performance.now() - begunMs) / 1000 };
}

interface Target {
  readonly server: StaServer;
  readonly client: StaClient;
  readonly seeded: Seeded;
  readonly outcomes: Outcome[];
}

/** Case after case, on each server in turn. @returns the lines of the result, in Markdown */
export async function benchSta(bench: StaBench): Promise<readonly string[]> {
  const targets: Target[] = [];
  try {
    for (const server of bench.servers) {
      const client = createStaClient(server.url, server.authorization);
      bench.say(`Seeding ${client.root}`);
      const begunMs = performance.now();
      const seeded = await seed(client, bench.size);
      bench.say(
        `  ${seeded.things.length} Things, ${seeded.datastreams.length} Datastreams, ${seeded.datastreams.length * seeded.observationsPerDatastream} Observations in ${((performance.now() - begunMs) / 1000).toFixed(1)} s`,
      );
      targets.push({ server, client, seeded, outcomes: [] });
    }
    for (const one of STA_CASES) {
      bench.say(one.name);
      for (const { server, client, seeded, outcomes } of targets) {
        outcomes.push(
          await watch(server, one.name, one.creates, () => runCase(one, client, seeded, bench.share)),
        );
      }
    }
    for (const { server, seeded, outcomes } of targets) {
      const { mqtt } = server;
      if (mqtt === undefined) continue;
      bench.say(`MQTT ${new URL(mqtt.url).host}`);
      outcomes.push(await watch(server, 'PUBLISH one Observation', 1, () => measurePublish(mqtt, seeded)));
      outcomes.push(
        await watch(server, 'PUBLISH to twenty subscribers', 0, () => measureFanOut(mqtt, seeded)),
      );
    }
  } finally {
    for (const { client, seeded } of targets) {
      for (const left of await unseed(client, seeded)) bench.say(`Left behind at ${client.root}: ${left}`);
      client.close();
    }
  }
  const [first, second] = targets;
  return [
    ...targets.flatMap(({ client, outcomes }) => ['', `### ${client.root}`, '', ...renderTable(outcomes)]),
    ...(first && second ? ['', ...renderRatios(first.outcomes, second.outcomes)] : []),
  ];
}
