/**
 * What the page asks the service itself: where it is, a series to speak of, and the visitor's own requests, sent as
 * any program would send them (GET, same origin). An answer is kept as text, so that nothing in it is changed.
 */
import { queryOptions } from '@tanstack/react-query';
import type { ProblemDocument } from '../../answers.ts';
import { ApiProblem, getJson } from '../../api.ts';
import { toSent } from './address.ts';
import { GUIDE_SAMPLE, type Sample, toBox } from './guide.ts';

const PREFIX = '/sta/v1.1';

export interface Service {
  /** As other programs reach it; links in answers begin with it. */
  readonly root: string;
  /** Where links may begin: the announced root and this page's own. */
  readonly roots: readonly string[];
  /** Address of the MQTT broker; undefined where it is off. */
  readonly mqtt: string | undefined;
}

interface Landing {
  readonly value: readonly { readonly name: string; readonly url: string }[];
  readonly serverSettings: Readonly<Record<string, unknown>>;
}

const RECEIVE = 'http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt/receive-updates';

function toService(landing: Landing | undefined): Service {
  const own = `${window.location.origin}${PREFIX}`;
  const first = landing?.value[0];
  const root = first?.url.endsWith(`/${first.name}`) ? first.url.slice(0, -first.name.length - 1) : own;
  const receive = landing?.serverSettings[RECEIVE] as { readonly endpoints?: readonly string[] } | undefined;
  return {
    root,
    roots: root === own ? [own] : [root, own],
    mqtt: receive?.endpoints?.find((endpoint) => endpoint.startsWith('mqtt')),
  };
}

export const serviceQuery = queryOptions({
  queryKey: ['sta', 'service'],
  queryFn: async ({ signal }) => toService(await getJson<Landing>(PREFIX, signal)),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Until the landing page has answered. */
export const presumedService = (): Service => toService(undefined);

interface SampleStream {
  readonly '@iot.id': number;
  readonly ObservedProperty: { readonly name: string };
  readonly Thing: { readonly Locations: readonly { readonly location: unknown }[] };
}

function findPosition(location: unknown): readonly [number, number] | undefined {
  const { coordinates } = (location ?? {}) as { readonly coordinates?: unknown };
  if (!Array.isArray(coordinates)) return undefined;
  const [longitude, latitude] = coordinates as readonly unknown[];
  return typeof longitude === 'number' && typeof latitude === 'number' ? [longitude, latitude] : undefined;
}

const RECENT_MS = 2 * 86_400_000;

/** A series that the examples speak of, CO2 before others; null where the visitor can see none. */
export const sampleQuery = queryOptions({
  queryKey: ['sta', 'sample'],
  queryFn: async ({ signal }): Promise<Sample | null> => {
    const find = async (filter: string) => {
      const options =
        '$top=1&$orderby=phenomenonTime,id&$select=id&$expand=ObservedProperty($select=name),' +
        'Thing($select=name;$expand=Locations($select=location))';
      const address = toSent(`/Datastreams?$filter=${filter}&${options}`);
      return (await getJson<{ readonly value: readonly SampleStream[] }>(`${PREFIX}${address}`, signal))
        .value[0];
    };
    // one that still speaks, so that its last week is not empty; the oldest of them, so that a reload says the same
    const from = new Date(Date.now() - RECENT_MS).toISOString();
    const heard = `overlaps(phenomenonTime,${from}/${new Date().toISOString()})`;
    const found =
      (await find(`ObservedProperty/name eq 'CO2' and ${heard}`)) ??
      (await find(heard)) ??
      (await find('id gt 0'));
    if (found === undefined) return null;
    const position = findPosition(found.Thing.Locations[0]?.location);
    return {
      datastream: found['@iot.id'],
      property: found.ObservedProperty.name,
      box: position === undefined ? GUIDE_SAMPLE.box : toBox(...position),
    };
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** How long the visitor waited for all of it. */
  readonly ms: number;
  readonly bytes: number;
  readonly problem: ApiProblem | undefined;
}

/** @param sent path and query behind the root; the caller has seen to it that it does not leave the service */
async function ask(sent: string, signal: AbortSignal): Promise<Answer> {
  const start = performance.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(PREFIX + sent.replace(/^\/(?=$|\?)/, ''), {
      headers: { accept: 'application/json' },
      credentials: 'same-origin',
      redirect: 'error',
      signal,
    });
    text = await response.text();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiProblem(0, { code: 'UNAVAILABLE' });
  }
  return {
    status: response.status,
    text,
    ms: performance.now() - start,
    bytes: new TextEncoder().encode(text).length,
    problem: response.ok ? undefined : new ApiProblem(response.status, readProblem(text)),
  };
}

function readProblem(text: string): ProblemDocument & Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null
      ? (body as ProblemDocument & Readonly<Record<string, unknown>>)
      : {};
  } catch {
    return {}; // a proxy's own error page: the status says enough
  }
}

/** Asked when the address of the page says so, and again when somebody presses the button again. */
export function answerQuery(sent: string | undefined) {
  return queryOptions({
    queryKey: ['sta', 'answer', sent],
    queryFn: ({ signal }) => ask(sent ?? '/', signal),
    enabled: sent !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
