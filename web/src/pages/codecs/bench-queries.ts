/** What the server makes of the bench while somebody types: the frame decoded in the sandbox, the examples checked. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { FieldMapping } from '@torv/core/mapping';
import { sendJson } from '../../api.ts';
import type { Checked, Tried } from '../../codec-data.ts';
import { type Bench, HEX, toBareHex, toJson } from './bench.ts';
import { useSettled } from './use-settled.ts';

export function useTried(bench: Bench) {
  const { script, fPort, time } = bench;
  const bytes = toBareHex(bench.bytes);
  const asked = useSettled(toJson({ script, fPort: Number(fPort), bytes, recvTime: time }), 400);
  const isRight =
    script.trim() !== '' && HEX.test(bytes) && /^\d{1,3}$/.test(fPort) && !Number.isNaN(Date.parse(time));
  return useQuery({
    queryKey: ['codec-try', asked] as const,
    queryFn: async ({ signal }) =>
      (
        await sendJson<Tried>('/api/v1/codecs/try', {
          method: 'POST',
          body: JSON.parse(asked) as object,
          signal,
        })
      ).body,
    enabled: isRight,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

export function useChecked(
  script: string,
  mapping: readonly FieldMapping[] | undefined,
  vectors: readonly unknown[] | undefined,
) {
  const asked = useSettled(toJson({ script, mapping: mapping ?? [], vectors: vectors ?? [] }), 600);
  return useQuery({
    queryKey: ['codec-check', asked] as const,
    queryFn: async ({ signal }) =>
      (
        await sendJson<Checked>('/api/v1/codecs/check', {
          method: 'POST',
          body: JSON.parse(asked) as object,
          signal,
        })
      ).body,
    enabled: mapping !== undefined && vectors !== undefined && vectors.length > 0 && script.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}
