/** Codecs as the pages read them: shapes and queries. No words here. */
import { queryOptions } from '@tanstack/react-query';
import type { Organisation } from './answers.ts';
import { getJson, toPath } from './api.ts';

export interface Codec {
  readonly id: number;
  readonly organisationId: number;
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly origin: 'shipped' | 'imported' | 'written';
  readonly currentVersion: number;
  readonly quarantinedAt: string | null;
  readonly quarantineReason: string | null;
  readonly version: number;
  readonly devices: number;
}

export interface CodecVersion {
  readonly number: number;
  readonly script: string;
  readonly description: Readonly<Record<string, unknown>>;
  readonly vectors: readonly unknown[];
  readonly note: string;
  readonly createdAt: string;
}

export interface CodecWithVersions extends Codec {
  readonly versions: readonly Pick<CodecVersion, 'number' | 'note' | 'createdAt'>[];
}

/** The same rows as the choice of a codec uses, under the same key. */
export const codecListQuery = (town: Organisation | undefined) =>
  queryOptions({
    queryKey: ['codecs', town?.id ?? '', {}] as const,
    queryFn: ({ signal }) =>
      getJson<{ readonly codecs: readonly Codec[] }>(
        toPath('/api/v1/codecs', { organisation: town?.id }),
        signal,
      ),
    enabled: town?.role != null,
  });

export const codecQuery = (id: string) =>
  queryOptions({
    queryKey: ['codec', id] as const,
    queryFn: async ({ signal }) => {
      const codec = await getJson<CodecWithVersions>(`/api/v1/codecs/${encodeURIComponent(id)}`, signal);
      const current = await getJson<CodecVersion>(
        `/api/v1/codecs/${codec.id}/versions/${codec.currentVersion}`,
        signal,
      );
      return { codec, current };
    },
    // what somebody types must not be pulled from under him
    refetchOnWindowFocus: false,
  });

export interface Tried {
  readonly data: unknown;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly logs: readonly string[];
  readonly ms: number;
  readonly fault?: 'deadline' | 'memory' | 'output' | 'crash' | string;
}

export interface Checked {
  readonly failed: number;
  readonly results: readonly {
    readonly name: string;
    readonly passed: boolean;
    readonly differences: readonly string[];
  }[];
}

export interface RedecodePreview {
  readonly devices: number;
  readonly days: number;
  readonly frames: number;
  readonly sampledFrames: number;
  readonly unchanged: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  readonly newlyRejected: number;
  readonly newlyDecoded: number;
}

/** What the finished job reports. */
export interface RedecodeResult {
  readonly days: number;
  readonly frames: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  readonly rejected: number;
}

export interface Job {
  readonly id: number;
  readonly state: string;
  readonly progress: number;
  readonly message: string | null;
  readonly result: unknown;
  readonly finishedAt: string | null;
}
