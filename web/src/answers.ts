/**
 * The shapes of what /api/v1 answers, as the pages read them. Times are RFC 3339 text in UTC.
 * Types only: nothing here may become code.
 */
import type { ErrorCode } from '@torv/core/errors';

export type Level = 'good' | 'attention' | 'poor' | 'none';
type Trend = 'rising' | 'falling' | 'steady';
export type PlaceKind = 'site' | 'building' | 'room' | 'point';
export type Role = 'administrator' | 'editor' | 'viewer';

export interface Organisation {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly kind: string;
  readonly timeZone: string;
  readonly locale: string;
  readonly role: Role | null;
}

export interface Session {
  readonly user: {
    readonly id: number;
    readonly email: string;
    readonly name: string;
    readonly locale: string;
    readonly instanceAdmin: boolean;
  } | null;
  readonly organisations: readonly Organisation[];
  readonly demo: boolean;
  /** Whether this installation can send mail. */
  readonly mail?: boolean;
}

export interface RuleInForce {
  readonly key: string;
  readonly limit: number;
}

export interface Headline {
  readonly property: string;
  readonly value: number;
  readonly unit: string;
  readonly phenomenonTime: string;
  readonly trend: Trend | null;
  /** Too old to be the present state. */
  readonly stale: boolean;
  readonly rule: RuleInForce | null;
}

export interface PlaceState {
  readonly level: Level;
  readonly headline: Headline | null;
  readonly lastHeard: string | null;
  readonly devices: number;
  readonly silent: number;
}

export interface PlaceSummary {
  readonly id: number;
  readonly kind: PlaceKind;
  readonly name: string;
  readonly parentId: number | null;
  readonly path: readonly { readonly id: number; readonly name: string }[];
  readonly position: readonly [longitude: number, latitude: number] | null;
  readonly state: PlaceState;
}

export interface PlacesAnswer {
  readonly places: readonly PlaceSummary[];
}

export interface CurrentReading {
  readonly property: string;
  readonly value: number;
  readonly unit: string;
  readonly phenomenonTime: string;
  readonly quality: number;
  readonly stale: boolean;
}

export interface PlaceDatastream {
  readonly id: number;
  readonly property: string;
  readonly unit: string;
  readonly sensor: string;
  readonly deviceId: number | null;
  readonly from: string;
  readonly until: string | null;
}

export interface Place extends PlaceSummary {
  readonly description: string | null;
  readonly floor: string | null;
  readonly areaM2: number | null;
  readonly volumeM3: number | null;
  readonly ventilation: string | null;
  readonly power: string | null;
  readonly version: number;
  readonly current: readonly CurrentReading[];
  readonly children: readonly PlaceSummary[];
  readonly datastreams: readonly PlaceDatastream[];
}

/** [time, mean, min, max, number of readings, quality bits] */
export type SeriesPoint = readonly [
  t: string,
  mean: number | null,
  min: number | null,
  max: number | null,
  n: number,
  flags: number,
];

export interface SeriesAnswer {
  readonly property: string;
  readonly unit: string;
  readonly from: string;
  readonly to: string;
  readonly expectedIntervalS: number | null;
  readonly coverage: number | null;
  readonly series: readonly {
    readonly datastreamId: number;
    readonly sensor: string;
    readonly from: string;
    readonly until: string | null;
    readonly points: readonly SeriesPoint[];
  }[];
  readonly markers: readonly {
    readonly t: string;
    readonly kind: 'sensor-replaced';
    readonly text: string;
  }[];
  /** Where lessons are known. */
  readonly occupied?: readonly (readonly [from: string, until: string])[];
}

/** The organisation's own ground: boundary, buildings and roads, told apart by `properties.kind`. */
export interface Ground {
  readonly type: 'FeatureCollection';
  readonly features: readonly {
    readonly type: 'Feature';
    readonly geometry: { readonly type: string; readonly coordinates: unknown };
    readonly properties: { readonly kind?: string; readonly name?: string } | null;
  }[];
}

export interface LiveReading {
  readonly placeId: number;
  readonly property: string;
  readonly value: number;
  readonly unit: string;
  readonly phenomenonTime: string;
  readonly quality: number;
}

/** RFC 9457. */
export interface ProblemDocument {
  readonly title?: string;
  readonly status?: number;
  readonly code?: ErrorCode;
  readonly detail?: string;
  readonly at?: string;
  readonly hint?: string;
  /** What a validator found, for words in the reader's language; `detail` says the same in English. */
  readonly fault?: { readonly rule: string; readonly limit?: number };
}
