/**
 * Many Observations sent one by one, by whichever clients: those that only name what exists are kept in one
 * transaction. One alone goes at once; while a group is being written the next one gathers, and what waits is bounded.
 * Whatever is more, or not as it should be, is written by itself (createEntity), so that it harms no other and gets
 * the answer that it would get anyway. Knows no HTTP and no broker.
 */
import { AppError } from '@torv/core/errors';
import { parsePath } from '@torv/core/odata/path';
import type { ArrayRow } from '@torv/core/sta/data-array';
import { type Draft, parseDraft } from '@torv/core/sta/draft';
import { findLink } from '@torv/core/sta/model';
import type { Version } from '@torv/core/sta/version';
import { type Actor, organisationsOf } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { ensurePartitions } from '../observations/partition-store.ts';
import { insertNamedRows, type NamedRow } from './data-array-store.ts';
import { createEntity, inTransaction, type WriteRequest, type Written } from './write.ts';
import type { Change } from './writer-store.ts';

export interface TogetherOptions {
  readonly sql: Sql;
  /** Told after the commit. */
  readonly announce: (changes: readonly Change[]) => void;
  readonly limits?: Partial<TogetherLimits>;
}

export interface TogetherLimits {
  /** Observations of one transaction. */
  readonly group: number;
  /** That wait for theirs, of one organisation, and their bodies together. */
  readonly waiting: number;
  readonly waitingCharacters: number;
  /** How long those who were just answered may take to send their next one. */
  readonly gatherMs: number;
}

interface Waiting {
  readonly request: WriteRequest;
  readonly named: NamedRow;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: unknown) => void;
}

/** Of one organisation: its groups are written one after the other, so that they keep their order. */
interface Lane {
  readonly actor: Actor;
  waiting: Waiting[];
  characters: number;
  /** Told when somebody joins. */
  onJoined: (() => void) | undefined;
}

const DEFAULT_LIMITS: TogetherLimits = Object.freeze({
  group: 1_000,
  waiting: 20_000,
  waitingCharacters: 64 * 1024 * 1024,
  gatherMs: 2,
});
/** One with more in it would make the others wait. */
const LARGEST_BODY = 64 * 1024;
/** Of ids that surely fit a bigint. */
const LONGEST_ID = 18;

function toArrayRow({ values }: Draft, now: string, feature: string | null): ArrayRow {
  const get = (key: string): string | null => values.get(key)?.text ?? null;
  const [start = now, end = null] = (get('phenomenonTime') ?? now).split('/');
  const [validStart = null, validEnd = null] = get('validTime')?.split('/') ?? [];
  return {
    start,
    end,
    resultTime: get('resultTime'),
    validStart,
    validEnd,
    result: get('result') ?? 'null',
    resultQuality: get('resultQuality'),
    parameters: get('parameters'),
    feature,
  };
}

/** @returns undefined for everything that is more than an Observation of what exists, and for what is wrong */
function findNamedRow(version: Version, request: WriteRequest): NamedRow | undefined {
  if (request.body.length > LARGEST_BODY) return undefined;
  const path = parsePath(version, request.path);
  const [first, second] = path.steps;
  const set = second ?? first;
  if (path.kind !== 'set' || path.form !== 'full' || path.steps.length > 2) return undefined;
  if (set?.entity !== 'observation') return undefined;
  const link =
    second?.link === undefined || first === undefined ? undefined : findLink(first.entity, second.link);
  const given = link === undefined ? undefined : { key: link.inverse, id: first?.id };
  const draft = parseDraft(version, 'observation', request.body, 'create', given);
  const ids = new Map<string, string>();
  if (given?.id !== undefined) ids.set(given.key, given.id);
  for (const [key, targets] of draft.links) {
    const [target] = targets;
    if (target?.kind !== 'reference') return undefined;
    ids.set(key, target.id);
  }
  const datastream = ids.get('datastream');
  const feature = ids.get('feature') ?? null;
  if (datastream === undefined || datastream.length > LONGEST_ID) return undefined;
  if (feature !== null && feature.length > LONGEST_ID) return undefined;
  return { datastream, row: toArrayRow(draft, request.now, feature) };
}

/** Whether one of the group may be at fault, rather than the database or everybody. */
function isOfOne(error: unknown): boolean {
  if (error instanceof AppError) return !['unavailable', 'bug'].includes(error.kind);
  // data exceptions and what the constraints refuse
  return error instanceof Error && 'code' in error && /^2[23]...$/.test(String(error.code));
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Makes entities; resolves when committed. @throws AppError as createEntity does, UNAVAILABLE where too many wait */
export function createTogether({ sql, announce, limits: given }: TogetherOptions) {
  const limits = { ...DEFAULT_LIMITS, ...given };
  const lanes = new Map<number, Lane>();

  async function writeAlone(request: WriteRequest): Promise<Written> {
    const written = await createEntity(request);
    announce(written.changes);
    return written;
  }

  const settleAlone = ({ request, resolve, reject }: Waiting): Promise<void> =>
    writeAlone(request).then(resolve, reject);

  /** @returns those that cannot be kept so */
  async function insertGroup(lane: Lane, group: readonly Waiting[]): Promise<readonly Waiting[]> {
    const rows = group.map(({ named }) => named);
    await ensurePartitions(
      sql,
      'observations',
      rows.map(({ row }) => row.start ?? ''),
    );
    const { outcomes, changes } = await inTransaction(sql, (tx) => insertNamedRows(tx, lane.actor, rows));
    announce(changes);
    return group.filter(({ resolve }, i) => {
      const id = outcomes[i];
      if (typeof id !== 'number') return true;
      resolve({ entity: 'observation', id, changes: [] });
      return false;
    });
  }

  /** A group that one of them spoils is halved until that one stands alone. */
  async function keep(lane: Lane, group: readonly Waiting[]): Promise<void> {
    try {
      // what it says of them is theirs alone, and the next group need not wait for it
      for (const one of await insertGroup(lane, group)) void settleAlone(one);
    } catch (error) {
      if (!isOfOne(error)) {
        for (const { reject } of group) reject(error);
      } else if (group.length === 1) {
        for (const one of group) void settleAlone(one);
      } else {
        const half = group.length >> 1;
        await keep(lane, group.slice(0, half));
        await keep(lane, group.slice(half));
      }
    }
  }

  /** Those of the last group send their next one about now: they are one group again, not one and the rest. */
  async function gather(lane: Lane, expected: number): Promise<void> {
    await nextTurn();
    if (lane.waiting.length >= expected) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limits.gatherMs);
      lane.onJoined = () => {
        if (lane.waiting.length < expected) return;
        clearTimeout(timer);
        resolve();
      };
    });
    lane.onJoined = undefined;
  }

  async function run(organisationId: number, lane: Lane): Promise<void> {
    // all that comes in one turn of the event loop is one group
    await nextTurn();
    while (lane.waiting.length > 0) {
      const group = lane.waiting.splice(0, limits.group);
      for (const { request } of group) lane.characters -= request.body.length;
      await keep(lane, group);
      if (group.length > 1) await gather(lane, Math.min(group.length, limits.group));
    }
    lanes.delete(organisationId);
  }

  function join(organisationId: number, request: WriteRequest, named: NamedRow): Promise<Written> {
    const there = lanes.get(organisationId);
    const lane = there ?? { actor: request.actor, waiting: [], characters: 0, onJoined: undefined };
    const characters = lane.characters + request.body.length;
    if (lane.waiting.length >= limits.waiting || characters > limits.waitingCharacters) {
      throw new AppError('UNAVAILABLE', 'More Observations arrive than can be kept right now.', {
        hint: 'Try again in a moment, or send many in one CreateObservations.',
      });
    }
    return new Promise((resolve, reject) => {
      lane.waiting.push({ request, named, resolve, reject });
      lane.characters = characters;
      lane.onJoined?.();
      if (there !== undefined) return;
      lanes.set(organisationId, lane);
      void run(organisationId, lane);
    });
  }

  return async (request: WriteRequest): Promise<Written> => {
    const [organisationId, ...more] = organisationsOf(request.actor, 'editor') ?? [];
    // who belongs to several organisations has to be asked which
    if (organisationId === undefined || more.length > 0 || request.organisation !== undefined)
      return writeAlone(request);
    let named: NamedRow | undefined;
    try {
      named = findNamedRow(request.version, request);
    } catch {
      // said by writeAlone, which looks at more than this
    }
    return named === undefined ? writeAlone(request) : join(organisationId, request, named);
  };
}
