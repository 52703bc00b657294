/**
 * The answers of many creations: Observations that were made in one turn of the event loop are read again with one
 * statement for those with the same rights, and each is rendered as its own reader sees it.
 */
import { groupBy } from '@torv/core/group-by';
import { toMonthOfId, toMonthStartMs } from '@torv/core/ids';
import { checkQuery } from '@torv/core/odata/check';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Row, Wire } from './render.ts';
import { createRenderer } from './render.ts';
import { toChangedStatement } from './to-sql.ts';
import { createAliases } from './writer-store.ts';

export interface CreatedRequest {
  readonly actor: Actor;
  readonly wire: Wire;
  /** Of an Observation that was just made. */
  readonly id: number;
  /** RFC 3339 */
  readonly now: string;
}

interface Waiting extends CreatedRequest {
  readonly resolve: (text: string | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Those that one statement finds, in one month. */
function toKey({ actor, wire, id }: CreatedRequest): string {
  return `${organisationsOf(actor, 'viewer')?.join() ?? 'all'} ${wire.version.path} ${toMonthOfId(id)}`;
}

async function readGroup(sql: Sql, group: readonly Waiting[]): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  const { actor, now, wire } = first;
  const month = toMonthOfId(first.id);
  const { query, plan } = toChangedStatement(
    { sql, actor, now, nextAlias: createAliases() },
    [{ entity: 'observation', link: undefined, id: undefined }],
    checkQuery(wire.version, 'observation', {}),
    {
      ids: group.map(({ id }) => id),
      between: [
        new Date(toMonthStartMs(month)).toISOString(),
        new Date(toMonthStartMs(month + 1)).toISOString(),
      ],
    },
  );
  const rows: readonly Row[] = await sql`${query}`.values();
  const byId = new Map(rows.map((row) => [String(row[0]), row]));
  for (const one of group) {
    const row = byId.get(String(one.id));
    one.resolve(row === undefined ? undefined : createRenderer(one.wire, plan)(row));
  }
}

/** Resolves to JSON, or to nothing where it must be looked for in another way. */
export function createCreatedReader(sql: Sql) {
  let waiting: Waiting[] = [];
  function flush(): void {
    const groups = groupBy(waiting, toKey);
    waiting = [];
    for (const [, group] of groups) {
      readGroup(sql, group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      });
    }
  }
  return (request: CreatedRequest): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      waiting.push({ ...request, resolve, reject });
      if (waiting.length === 1) setImmediate(flush);
    });
}
