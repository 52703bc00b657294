/**
 * Who is looking, and at whose town. The organisation stands in the address (?organisation=slug), so that a link
 * shows everybody the same; without it, the first one the visitor may see.
 */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import type { Organisation, Role, Session } from './answers.ts';
import { getJson, queryKeys } from './api.ts';

const sessionQuery = queryOptions({
  queryKey: queryKeys.session,
  queryFn: ({ signal }) => getJson<Session>('/api/v1/session', signal),
  staleTime: 60_000,
});

export function useSession(): Session | undefined {
  return useQuery(sessionQuery).data;
}

export function useOrganisation(): Organisation | undefined {
  const session = useSession();
  const { organisation: slug } = useSearch({ from: '__root__' });
  return session?.organisations.find((one) => one.slug === slug) ?? session?.organisations[0];
}

const RANK: { readonly [R in Role]: number } = { viewer: 1, editor: 2, administrator: 3 };

/** What the page offers; the server decides again on every request. */
export function mayAct(organisation: Organisation | undefined, role: Role): boolean {
  return organisation?.role != null && RANK[organisation.role] >= RANK[role];
}
