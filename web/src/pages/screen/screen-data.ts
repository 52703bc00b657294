/**
 * What a room's screen asks, with the secret of its link in a header: the secret is never in an address that is
 * sent, and a screen asks again and again instead of holding a line open, because it must survive any network.
 */
import { queryOptions } from '@tanstack/react-query';
import type { Place, ProblemDocument, SeriesAnswer } from '../../answers.ts';
import { ApiProblem, toPath } from '../../api.ts';
import type { Language } from '../../i18n/languages.ts';
import type { ScreenLink } from './screen-link.ts';
import { forget, recall, remember } from './screen-memory.ts';

export interface ScreenPlace extends Place {
  readonly timeZone: string;
  /** The organisation's language. */
  readonly locale: Language;
}

const ASK_EVERY_MS = 15_000;
const SERIES_EVERY_MS = 60_000;
/** A value that is older than this is no present value, whatever it was when it was fetched. */
const OLD_AFTER_MS = 30 * 60_000;

export function screenQuery(link: ScreenLink) {
  const known = () => recall<ScreenPlace>(link, 'place');
  return queryOptions({
    queryKey: ['screen', link.placeId, link.secret],
    queryFn: async ({ signal }) => {
      try {
        const place = await ask<ScreenPlace>(link, `/api/v1/places/${link.placeId}`, signal);
        remember(link, 'place', place, Date.now());
        return place;
      } catch (error) {
        if (isClosed(error)) forget(link);
        throw error;
      }
    },
    initialData: () => known()?.body,
    initialDataUpdatedAt: () => known()?.fetchedAtMs,
    staleTime: 0,
    refetchInterval: ({ state }) => (isClosed(state.error) ? false : ASK_EVERY_MS),
    refetchIntervalInBackground: true,
    // without a line it must fail and be told, not wait quietly until the browser believes in one
    networkMode: 'always',
    gcTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export function screenSeriesQuery(link: ScreenLink, property: string, from: string, to: string) {
  // yesterday's curve is no curve of today
  const known = () => {
    const kept = recall<SeriesAnswer>(link, 'series');
    const isThis = kept?.body.property === property && Date.parse(kept.body.from) === Date.parse(from);
    return isThis ? kept : undefined;
  };
  return queryOptions({
    queryKey: ['screen-series', link.placeId, link.secret, property, from, to],
    queryFn: async ({ signal }) => {
      const path = toPath(`/api/v1/places/${link.placeId}/series`, { property, from, to, points: 288 });
      const series = await ask<SeriesAnswer>(link, path, signal);
      remember(link, 'series', series, Date.now());
      return series;
    },
    initialData: () => known()?.body,
    initialDataUpdatedAt: () => known()?.fetchedAtMs,
    staleTime: 0,
    refetchInterval: SERIES_EVERY_MS,
    refetchIntervalInBackground: true,
    // without a line it must fail and be told, not wait quietly until the browser believes in one
    networkMode: 'always',
    retry: false,
  });
}

/** Withdrawn, expired, or its room is gone: asking again would not help. */
export function isClosed(error: unknown): boolean {
  return (
    error instanceof ApiProblem && (error.status === 401 || error.status === 403 || error.status === 404)
  );
}

/** Two answers that did not come: what is shown is then called what it is, the last that was known. */
const LOST_AFTER_MS = 2 * ASK_EVERY_MS + 5_000;

/** Since when nothing was heard of the server; undefined while the line is there. */
export function toLostSince(fetchedAtMs: number, hasFailed: boolean, nowMs: number): number | undefined {
  return hasFailed || nowMs - fetchedAtMs > LOST_AFTER_MS ? fetchedAtMs : undefined;
}

/** What was fetched grows old on a screen that has lost its line. */
export function withAge(place: ScreenPlace, nowMs: number): ScreenPlace {
  const { headline } = place.state;
  if (headline === null || nowMs - Date.parse(headline.phenomenonTime) <= OLD_AFTER_MS) return place;
  return { ...place, state: { ...place.state, level: 'none', headline: { ...headline, stale: true } } };
}

async function ask<T>(link: ScreenLink, path: string, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { accept: 'application/json', authorization: `Torv-Link ${link.secret}` },
      credentials: 'omit',
      cache: 'no-store',
      signal,
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiProblem(0, { code: 'UNAVAILABLE' });
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok || body === null)
    throw new ApiProblem(response.status, (body ?? {}) as ProblemDocument & Record<string, unknown>);
  return body as T;
}
