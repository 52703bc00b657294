/** Sources as the pages read them: shapes, queries, and what state one is in. No words here. */
import { queryOptions } from '@tanstack/react-query';
import type { Level, Organisation } from './answers.ts';
import { getJson, toPath } from './api.ts';

export const SOURCE_FORMATS = [
  'chirpstack-v4',
  'tts-v3',
  'chirpstack-v3',
  'loriot',
  'helium',
  'torv',
] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

export interface BrokerSettings {
  readonly url?: string;
  readonly username?: string;
  readonly topics?: readonly string[];
  readonly sharedGroup?: string;
  readonly ca?: string;
}

export interface Source {
  readonly id: number;
  readonly name: string;
  readonly kind: 'webhook' | 'mqtt' | 'broker' | 'file' | 'demo';
  readonly format: SourceFormat;
  readonly settings: BrokerSettings;
  readonly hasSecret: boolean;
  readonly enabled: boolean;
  readonly version: number;
  readonly ratePerMinute: number;
  readonly status: {
    readonly state: string;
    readonly reason: string | null;
    readonly messages: number;
    readonly faults: number;
    readonly ignored: number;
    readonly lastMessageAt: string | null;
    readonly lastFaultAt: string | null;
    readonly lastFault: string | null;
  };
}

export interface SourcePage extends Source {
  readonly rejected: readonly {
    readonly id: number;
    readonly arrivedAt: string;
    readonly reason: string;
    readonly at: string | null;
    readonly body: string;
  }[];
}

export interface FormatInfo {
  readonly format: SourceFormat;
  readonly title: string;
  /** Where the network server publishes, when nobody changed it. */
  readonly topic: string | null;
}

interface SourcesAnswer {
  readonly sources: readonly Source[];
  readonly formats: readonly FormatInfo[];
  readonly publicUrl: string | null;
}

export const sourcesQuery = (town: Organisation | undefined) =>
  queryOptions({
    queryKey: ['sources', town?.id ?? ''] as const,
    queryFn: ({ signal }) =>
      getJson<SourcesAnswer>(toPath('/api/v1/sources', { organisation: town?.id }), signal),
    enabled: town?.role != null,
    refetchInterval: 5_000,
  });

export const sourceQuery = (id: string) =>
  queryOptions({
    queryKey: ['source', id] as const,
    queryFn: ({ signal }) => getJson<SourcePage>(`/api/v1/sources/${encodeURIComponent(id)}`, signal),
    refetchInterval: 5_000,
  });

export type SourceState =
  | 'off'
  | 'refused'
  | 'waiting'
  | 'connecting'
  | 'partial'
  | 'listening'
  | 'rejecting'
  | 'receiving'
  | 'silent'
  | 'inside';

/** One state for the list and the page; a connection that is not there comes before what was received once. */
export function toSourceState(source: Source): SourceState {
  const { status } = source;
  if (!source.enabled) return 'off';
  // files and the demo town come past the doors that count
  if (source.kind === 'file' || source.kind === 'demo') return 'inside';
  if (source.kind === 'mqtt') {
    if (status.state === 'refused' || status.state === 'waiting') return status.state;
    if (status.state !== 'listening') return 'connecting';
    if (status.reason !== null) return 'partial';
  }
  if (
    status.lastFaultAt !== null &&
    (status.lastMessageAt === null || Date.parse(status.lastFaultAt) >= Date.parse(status.lastMessageAt))
  ) {
    return 'rejecting';
  }
  if (source.kind === 'mqtt') return 'listening';
  return status.lastMessageAt === null ? 'silent' : 'receiving';
}

/** The server's sentence that belongs to the state, if there is one. */
export function toSourceReason(source: Source): string | null {
  const state = toSourceState(source);
  return state === 'rejecting' ? source.status.lastFault : state === 'off' ? null : source.status.reason;
}

export const SOURCE_LEVELS: { readonly [S in SourceState]: Level } = {
  off: 'none',
  refused: 'poor',
  waiting: 'poor',
  connecting: 'attention',
  partial: 'attention',
  rejecting: 'attention',
  listening: 'good',
  receiving: 'good',
  silent: 'none',
  inside: 'good',
};
