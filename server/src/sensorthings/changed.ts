/**
 * What has changed under a topic -> its messages. Path, filter, expanded links and who may read are the same
 * statement that a GET asks, over the changed rows alone; so what was made internal meanwhile is not there.
 */
import { type JsonNode, parseJsonText, toRaw } from '@torv/core/json-text';
import type { PathProperty } from '@torv/core/odata/path';
import { findProperty } from '@torv/core/sta/model';
import type { Actor } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Context } from './joins.ts';
import { createRenderer, type Row, renderValue, type Wire } from './render.ts';
import { type ChangedRows, toChangedStatement } from './to-sql.ts';
import type { Topic } from './topic.ts';
import { type Change, createAliases } from './writer-store.ts';

export interface ChangedRequest {
  readonly sql: Sql;
  readonly actor: Actor;
  readonly wire: Wire;
  readonly topic: Topic;
  readonly changes: readonly Change[];
  /** RFC 3339 */
  readonly now: string;
}

function toRows(changes: readonly Change[]): ChangedRows {
  const ids = [...new Set(changes.map(({ id }) => id))];
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { reading } of changes) {
    const ms = reading === undefined ? Number.NaN : Date.parse(reading.phenomenonTime);
    if (Number.isNaN(ms)) return { ids };
    from = Math.min(from, ms);
    to = Math.max(to, ms);
  }
  // moments are kept more finely than in milliseconds
  return { ids, between: [new Date(from - 1_000).toISOString(), new Date(to + 1_000).toISOString()] };
}

/** The way into a JSON value; undefined: it does not lead anywhere. */
function findPart(text: string, steps: readonly string[]): string | undefined {
  const root = parseJsonText(text);
  let node: JsonNode | undefined = root;
  for (const step of steps) {
    if (node?.kind === 'object') node = node.members.get(step);
    else if (node?.kind === 'list' && /^\d{1,9}$/.test(step)) node = node.items[Number(step)];
    else return undefined;
  }
  return node === undefined ? undefined : toRaw(text, node);
}

function renderProperty({ entity }: Topic, { key, json, name }: PathProperty, row: Row): string | undefined {
  const value = key === 'id' ? row[0] : row[1];
  const type = findProperty(entity, key)?.type;
  if (type === undefined) return undefined;
  const text = typeof value === 'string' ? renderValue(type, value) : 'null';
  const part = json.length === 0 ? text : findPart(text, json);
  return part === undefined ? undefined : `{${JSON.stringify(name)}:${part}}`;
}

/** One message for each changed entity that is to be seen there, in the order of the (last) changes. */
export async function readChanged(request: ChangedRequest): Promise<readonly string[]> {
  const { sql, actor, wire, topic, changes, now } = request;
  if (changes.length === 0) return [];
  const context: Context = { sql, actor, now, nextAlias: createAliases() };
  const { query, plan } = toChangedStatement(context, topic.steps, topic.query, toRows(changes));
  const rows = await sql`${query}`.values();
  const render = createRenderer(wire, plan);
  const order = new Map(changes.map(({ id }, i) => [String(id), i]));
  const place = (row: Row) => order.get(String(row[0])) ?? 0;
  return [...rows]
    .sort((a, b) => place(a) - place(b))
    .flatMap((row: Row) => {
      const { property } = topic;
      const text = property === undefined ? render(row) : renderProperty(topic, property, row);
      return text ?? [];
    });
}
