/** The queries of the public pages, and how live readings flow into what was fetched. */
import { keepPreviousData, queryOptions, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import type { Ground, LiveReading, Organisation, Place, PlacesAnswer, SeriesAnswer } from './answers.ts';
import { getJson, queryKeys, toPath } from './api.ts';
import { type LiveStatus, useLive } from './live.ts';

export function placesQuery(organisation: Organisation | undefined) {
  return queryOptions({
    queryKey: queryKeys.places(organisation?.id ?? ''),
    queryFn: ({ signal }) =>
      getJson<PlacesAnswer>(toPath('/api/v1/places', { organisation: organisation?.id }), signal),
    enabled: organisation !== undefined,
  });
}

export function placeQuery(placeId: string) {
  return queryOptions({
    queryKey: queryKeys.place(placeId),
    queryFn: ({ signal }) => getJson<Place>(`/api/v1/places/${encodeURIComponent(placeId)}`, signal),
  });
}

export function groundQuery(organisation: Organisation | undefined) {
  return queryOptions({
    queryKey: queryKeys.ground(organisation?.id ?? ''),
    queryFn: ({ signal }) =>
      getJson<Ground>(toPath('/api/v1/ground', { organisation: organisation?.id }), signal),
    enabled: organisation !== undefined,
    staleTime: 3_600_000,
  });
}

export function seriesQuery(placeId: number, property: string, from: string, to: string, points = 400) {
  return queryOptions({
    queryKey: queryKeys.series(placeId, property, from, to),
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      getJson<SeriesAnswer>(
        toPath(`/api/v1/places/${placeId}/series`, { property, from, to, points }),
        signal,
      ),
  });
}

/** A state needs the server's rules, so a reading only says which answers are old; at most one refetch in five seconds. */
const REFRESH_MS = 5000;

/** The number moves at once; its judgement comes with the refetch. */
export function withReading(place: Place, reading: LiveReading): Place {
  const { property, value, unit, phenomenonTime, quality } = reading;
  const known = place.current.find((one) => one.property === property);
  if (known === undefined || Date.parse(known.phenomenonTime) >= Date.parse(phenomenonTime)) return place;
  const current = place.current.map((one) =>
    one === known ? { property, value, unit, phenomenonTime, quality, stale: false } : one,
  );
  const { headline } = place.state;
  if (headline?.property !== property || quality !== 0) return { ...place, current };
  return {
    ...place,
    current,
    state: { ...place.state, headline: { ...headline, value, phenomenonTime, stale: false } },
  };
}

export function useLivePlaces(organisation: Organisation | undefined): LiveStatus {
  const client = useQueryClient();
  const waiting = useRef<number | undefined>(undefined);
  const changed = useRef(new Set<number>());
  return useLive(organisation ? toPath('/api/v1/live', { organisation: organisation.id }) : null, {
    reading: (data) => {
      const reading = data as LiveReading;
      client.setQueryData<Place>(queryKeys.place(reading.placeId), (old) => old && withReading(old, reading));
      changed.current.add(reading.placeId);
      waiting.current ??= window.setTimeout(() => {
        waiting.current = undefined;
        void client.invalidateQueries({ queryKey: ['places'] });
        for (const placeId of changed.current) {
          void client.invalidateQueries({ queryKey: queryKeys.place(placeId) });
          void client.invalidateQueries({ queryKey: queryKeys.placeSeries(placeId) });
        }
        changed.current.clear();
      }, REFRESH_MS);
    },
  });
}
