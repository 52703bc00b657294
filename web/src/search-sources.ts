/**
 * What `/` searches: one row per kind of thing, each from a list that the pages use too (and so often has already).
 * A page area adds its row here; matching is by parts of words, best first, in the visitor's language order.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { Organisation, PlacesAnswer } from './answers.ts';
import { getJson, queryKeys, toPath } from './api.ts';
import { devicesQuery } from './registry-data.ts';

export interface Found {
  readonly key: string;
  readonly name: string;
  /** Where or what it is, in a few words. */
  readonly note: string;
  readonly to: string;
  readonly kind: 'search_place' | 'search_device';
}

interface SearchSource {
  readonly staff: boolean;
  readonly load: (client: QueryClient, organisation: Organisation) => Promise<readonly Found[]>;
}

const SOURCES: readonly SearchSource[] = [
  {
    staff: false,
    load: async (client, organisation) => {
      const { places } = await client.ensureQueryData({
        queryKey: queryKeys.places(organisation.id),
        queryFn: () => getJson<PlacesAnswer>(toPath('/api/v1/places', { organisation: organisation.id })),
      });
      return places.map((place) => ({
        key: `place-${place.id}`,
        name: place.name,
        note: place.path.map((step) => step.name).join(' › '),
        to: `/places/${place.id}`,
        kind: 'search_place',
      }));
    },
  },
  {
    staff: true,
    load: async (client, organisation) => {
      const { devices } = await client.ensureQueryData(devicesQuery(organisation));
      return devices.map((device) => ({
        key: `device-${device.id}`,
        name: device.name || device.heard.name || device.devEui,
        note: [device.devEui, device.place?.name].filter(Boolean).join(' · '),
        to: device.state === 'waiting' ? `/inbox/${device.id}` : `/devices/${device.id}`,
        kind: 'search_device',
      }));
    },
  },
];

export async function loadEverything(
  client: QueryClient,
  organisation: Organisation,
): Promise<readonly Found[]> {
  const sources = SOURCES.filter((source) => !source.staff || organisation.role !== null);
  const lists = await Promise.allSettled(sources.map((source) => source.load(client, organisation)));
  return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []));
}

/** All words must occur; a name that begins with the text comes first. */
export function findMatches(
  all: readonly Found[],
  text: string,
  locale: string,
  limit = 12,
): readonly Found[] {
  const words = fold(text).split(/\s+/).filter(Boolean);
  const first = words[0];
  if (first === undefined) return [];
  const collator = new Intl.Collator(locale, { numeric: true });
  const rank = (found: Found) =>
    fold(found.name).startsWith(first) ? 0 : fold(found.name).includes(first) ? 1 : 2;
  return all
    .filter((found) => {
      const haystack = fold(`${found.name} ${found.note}`);
      return words.every((word) => haystack.includes(word));
    })
    .sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name))
    .slice(0, limit);
}

function fold(text: string): string {
  return text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').trim();
}
