/** What the journeys need to know about the demo town, asked over the same interface that the pages use. */
import type { Page } from 'playwright-core';

interface PlaceAnswer {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly path: readonly { readonly name: string }[];
  readonly state: {
    readonly headline: {
      readonly property: string;
      readonly stale: boolean;
    } | null;
  };
}

export interface Room {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  /** The name of the school or the house. */
  readonly site: string;
  readonly path: string;
  readonly property: string | undefined;
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function getTown(origin: string): Promise<readonly PlaceAnswer[]> {
  const answer = (await getJson(`${origin}/api/v1/places?organisation=${await findTownId(origin)}`)) as {
    places: PlaceAnswer[];
  };
  return answer.places;
}

/** The places that speak at present, as an anonymous visitor sees them; one sensor of the town is silent. */
export async function findRooms(origin: string): Promise<readonly Room[]> {
  return (await getTown(origin))
    .filter((place) => place.state.headline?.stale === false)
    .map((place) => ({
      id: place.id,
      kind: place.kind,
      name: place.name,
      site: place.path[0]?.name ?? place.name,
      path: `/places/${place.id}`,
      property: place.state.headline?.property,
    }));
}

interface DeviceAnswer {
  readonly id: number;
  readonly devEui: string;
  readonly codec: { readonly id: number; readonly key: string } | null;
  readonly place: { readonly id: number } | null;
  readonly status: { readonly lastSeen: string } | null;
}

/** Answers that only staff get, asked with the session of the page. */
export async function askAsStaff<T>(page: Page, path: string, body?: unknown, version?: number): Promise<T> {
  const headers = {
    origin: new URL(path).origin,
    ...(version === undefined ? {} : { 'if-match': `"${version}"` }),
  };
  const answer =
    body === undefined
      ? await page.request.get(path)
      : await page.request.post(path, { data: body, headers });
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
  return (await answer.json()) as T;
}

export async function findTownId(origin: string): Promise<number> {
  const session = (await getJson(`${origin}/api/v1/session`)) as {
    organisations: readonly { readonly id: number }[];
  };
  const id = session.organisations[0]?.id;
  if (id === undefined) throw new Error('There is no demo town');
  return id;
}

export async function findDevices(page: Page, origin: string): Promise<readonly DeviceAnswer[]> {
  const path = `${origin}/api/v1/devices?organisation=${await findTownId(origin)}`;
  return (await askAsStaff<{ readonly devices: readonly DeviceAnswer[] }>(page, path)).devices;
}

/** A frame as an Elsys ERS CO2 sends it on port 5: 21.8 °C, 48 %, 272 lx, 13 movements, this CO2, 3.66 V. */
export function toFrame(devEui: string, co2Ppm: number): object {
  const co2 = co2Ppm.toString(16).padStart(4, '0');
  return { devEui, fPort: 5, payload: `0100da0230040110050d06${co2}070e4c` };
}
