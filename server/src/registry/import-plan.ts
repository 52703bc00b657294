/**
 * From the lines of a registry file to what would be done: for each line new, changed (before and after), the
 * same, or bad. Reads what is stored, writes nothing; the steps it returns are run by import-port.ts.
 */
import type { RegistryFault, RegistryFields } from '@torv/core/files/registry-rows';
import { fromLocal, parseInstant } from '@torv/core/time';
import type { Actor } from '../access/port.ts';
import type { Sql, Transaction } from '../db/database.ts';
import { getOrganisation } from './organisation-store.ts';
import { findPlaces, type Place } from './place-store.ts';

export interface RegistryLine {
  readonly line: number;
  readonly fields: RegistryFields;
}

export interface Change {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface PlannedLine {
  readonly line: number;
  /** What the line speaks of, as a person finds it again. */
  readonly key: string;
  readonly action: 'new' | 'changed' | 'same';
  readonly changes: readonly Change[];
  /** Absent: nothing to do. Lines run in the order of the plan. */
  readonly run?: (tx: Transaction) => Promise<{ readonly pending: number }>;
}

export interface FaultyLine {
  readonly line: number;
  readonly fault: RegistryFault;
}

export interface Plan {
  readonly lines: readonly PlannedLine[];
  readonly faulty: readonly FaultyLine[];
}

export interface PlanContext {
  readonly sql: Sql | Transaction;
  readonly actor: Actor;
  readonly organisationId: number;
  readonly timeZone: string;
  /** RFC 3339 */
  readonly now: string;
  readonly places: readonly Place[];
  findPlace(text: string): Place | undefined;
}

export const NOTHING_PENDING = { pending: 0 } as const;

export async function openPlanContext(
  sql: Sql | Transaction,
  actor: Actor,
  organisationId: number,
  now: string,
): Promise<PlanContext> {
  const places = await findPlaces(sql, actor, organisationId);
  const { timeZone } = await getOrganisation(sql, organisationId);
  const byText = new Map<string, Place | undefined>();
  // A name that two places have names none of them; a reference comes first.
  for (const place of places) byText.set(place.name, byText.has(place.name) ? undefined : place);
  for (const place of places) if (place.externalRef !== null) byText.set(place.externalRef, place);
  return { sql, actor, organisationId, timeZone, now, places, findPlace: (text) => byText.get(text) };
}

export function toFault(
  code: RegistryFault['code'],
  column: string | null,
  value: string,
  reason: string,
): RegistryFault {
  return { code, column, value: value.slice(0, 80), reason };
}

export function getText(fields: RegistryFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

export function getNumber(fields: RegistryFields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
}

/** A date, a local time or an instant -> instant. @returns undefined when there is no such local time */
export function toMoment(text: string, timeZone: string): string | undefined {
  try {
    return /(Z|[+-]\d\d:\d\d)$/.test(text) ? parseInstant(text) : fromLocal(text, timeZone);
  } catch {
    return undefined;
  }
}

/** Takes out lines that repeat the key of an earlier one. */
export function toDistinctLines(
  lines: readonly RegistryLine[],
  toKey: (line: RegistryLine) => string,
  column: string,
): { readonly lines: readonly RegistryLine[]; readonly faulty: readonly FaultyLine[] } {
  const first = new Map<string, number>();
  const kept: RegistryLine[] = [];
  const faulty: FaultyLine[] = [];
  for (const line of lines) {
    const key = toKey(line);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, line.line);
      kept.push(line);
    } else {
      const shown = key.replaceAll('\n', ', ');
      faulty.push({
        line: line.line,
        fault: toFault('twice', column, shown, `"${shown.slice(0, 60)}" stands in line ${before} already.`),
      });
    }
  }
  return { lines: kept, faulty };
}

export function toChanges(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly Change[] {
  return Object.entries(after)
    .filter(
      ([field, value]) =>
        value !== undefined && JSON.stringify(value) !== JSON.stringify(before[field] ?? null),
    )
    .map(([field, value]) => ({ field, before: before[field] ?? null, after: value }));
}
