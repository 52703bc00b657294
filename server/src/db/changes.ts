/**
 * What a transaction changed, told after its commit: a store notes it on its transaction, and whoever listens at the
 * database hears it once it is there for everybody. So nobody who opens a transaction has to remember to announce,
 * and what is rolled back is never told. Ids only: a listener reads again with its own rights.
 */
import type { EntityKey } from '@torv/core/sta/model';
import type { Transaction } from './sql.ts';

/** One entity of the SensorThings model, in the order in which it was done. */
export interface Change {
  readonly kind: 'created' | 'updated' | 'deleted';
  readonly entity: EntityKey;
  readonly id: number;
  /** Of an update: the properties and links that were given. */
  readonly keys?: readonly string[];
  /** Of a new Observation: where and when, so that nobody needs to read it again to know whom to tell. */
  readonly reading?: { readonly datastreamId: number; readonly phenomenonTime: string };
}

export type ChangeListener = (changes: readonly Change[]) => void;

const noted = new WeakMap<object, Change[]>();

/** @throws Error for what is no transaction of the database: its changes would never be told */
export function noteChanges(tx: Transaction, changes: readonly Change[]): void {
  const list = noted.get(tx);
  if (list === undefined) throw new Error('Changes can only be noted on a transaction of the database');
  for (const change of changes) list.push(change);
}

/** For the pool: begins to keep what is noted on a transaction. @returns the list, which grows */
export function keepChanges(tx: Transaction): readonly Change[] {
  const list: Change[] = [];
  noted.set(tx, list);
  return list;
}
