/** The queries of the staff pages over devices, the inbox, rules and groups, and what a write makes old. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { Organisation } from './answers.ts';
import { getJson, sendJson, toPath } from './api.ts';
import type {
  ClaimBatch,
  ClaimRule,
  ClaimRuleFields,
  CodecChoice,
  ContactRole,
  Device,
  DevicePage,
  EditablePlace,
  Frame,
  Group,
  InboxDevice,
  PlannedDevice,
  PreviewFrame,
} from './registry-answers.ts';

type Town = Organisation | undefined;

function listQuery<T>(
  town: Town,
  key: string,
  path: string,
  query: Readonly<Record<string, string | number>> = {},
) {
  return queryOptions({
    queryKey: [key, town?.id ?? '', query] as const,
    queryFn: ({ signal }) => getJson<T>(toPath(path, { organisation: town?.id, ...query }), signal),
    enabled: town?.role != null,
  });
}

export const devicesQuery = (town: Town) =>
  listQuery<{ readonly devices: readonly Device[] }>(town, 'devices', '/api/v1/devices');

export const placeDevicesQuery = (town: Town, placeId: string) =>
  listQuery<{ readonly devices: readonly Device[] }>(town, 'devices', '/api/v1/devices', { place: placeId });

export const inboxQuery = (town: Town) =>
  listQuery<{ readonly devices: readonly InboxDevice[] }>(town, 'inbox', '/api/v1/inbox');

export const codecsQuery = (town: Town) =>
  listQuery<{ readonly codecs: readonly CodecChoice[] }>(town, 'codecs', '/api/v1/codecs');

export const rolesQuery = (town: Town) =>
  listQuery<{ readonly contactRoles: readonly ContactRole[] }>(
    town,
    'contact-roles',
    '/api/v1/contact-roles',
  );

export const rulesQuery = (town: Town) =>
  listQuery<{ readonly rules: readonly ClaimRule[] }>(town, 'claim-rules', '/api/v1/claim-rules');

export const batchesQuery = (town: Town) =>
  listQuery<{ readonly batches: readonly ClaimBatch[] }>(town, 'claim-batches', '/api/v1/claim-batches');

export const groupsQuery = (town: Town) =>
  listQuery<{ readonly groups: readonly Group[] }>(town, 'groups', '/api/v1/groups');

export const deviceQuery = (deviceId: string) =>
  queryOptions({
    queryKey: ['device', deviceId] as const,
    queryFn: ({ signal }) => getJson<DevicePage>(`/api/v1/devices/${encodeURIComponent(deviceId)}`, signal),
    refetchInterval: 60_000,
  });

/** The place with the fields that a form changes; not the cached one of the public page, which may be minutes old. */
export const editablePlaceQuery = (placeId: string | undefined) =>
  queryOptions({
    queryKey: ['place-edit', placeId ?? ''] as const,
    queryFn: ({ signal }) =>
      getJson<EditablePlace>(`/api/v1/places/${encodeURIComponent(placeId ?? '')}`, signal),
    enabled: placeId !== undefined,
    staleTime: 0,
    refetchOnWindowFocus: false,
  });

const FRAMES_PER_PAGE = 10;

export const framesQuery = (deviceId: string) =>
  infiniteQueryOptions({
    queryKey: ['frames', deviceId] as const,
    queryFn: ({ pageParam, signal }) =>
      getJson<{ readonly frames: readonly Frame[] }>(
        toPath(`/api/v1/devices/${encodeURIComponent(deviceId)}/frames`, {
          limit: FRAMES_PER_PAGE,
          before: pageParam,
        }),
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) =>
      page.frames.length < FRAMES_PER_PAGE ? undefined : (page.frames.at(-1)?.networkTime ?? undefined),
  });

export const previewQuery = (deviceId: number, codec: string) =>
  queryOptions({
    queryKey: ['inbox-preview', deviceId, codec] as const,
    queryFn: async ({ signal }) =>
      (
        await sendJson<{ readonly frames: readonly PreviewFrame[] }>('/api/v1/inbox/preview', {
          method: 'POST',
          body: { deviceId, codec },
          signal,
        })
      ).body,
    enabled: codec !== '',
    staleTime: 60_000,
  });

/** @param draft a rule that is being written, asked in place of the kept one with its id */
export const planQuery = (
  town: Town,
  draft?: { readonly id: number | null; readonly fields: ClaimRuleFields },
) =>
  queryOptions({
    queryKey: ['claim-plan', town?.id ?? '', draft ?? null] as const,
    queryFn: async ({ signal }) =>
      (
        await sendJson<{ readonly devices: readonly PlannedDevice[] }>(
          toPath('/api/v1/claim-rules/preview', { organisation: town?.id }),
          { method: 'POST', body: draft ? { draft } : {}, signal },
        )
      ).body,
    enabled: town?.role != null,
    placeholderData: keepPreviousData,
    retry: false,
  });

const OLD_AFTER_WRITE = new Set([
  'devices',
  'device',
  'frames',
  'inbox',
  'claim-plan',
  'claim-rules',
  'claim-batches',
  'groups',
  'places',
  'place',
  'place-edit',
]);

/** After any write of the registry: what is shown of it is fetched anew. */
export function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(
    () => client.invalidateQueries({ predicate: (query) => OLD_AFTER_WRITE.has(String(query.queryKey[0])) }),
    [client],
  );
}
