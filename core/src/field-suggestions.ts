/**
 * For a codec that nobody has described yet: what each field of its decoded object may be.
 * Suggestions for a technician who sees the last values beside them; an ambiguous name is put as a question
 * with its candidates and is never decided, and nothing in here maps a reading by itself.
 */
import { type Candidate, FIELD_DICTIONARY, NO_READING } from './field-dictionary.ts';
import type { PropertyKey } from './properties.ts';
import { isUnitCode, type UnitCode } from './units.ts';

export interface FieldSuggestion {
  /** JSON pointer; `*` stands for every element of a list. */
  readonly field: string;
  /** The value met (in a list, the first). */
  readonly value: string | number | boolean | null;
  /** `likely` names one meaning to confirm; `choose` several or none; `not-a-reading` and `unknown` say so. */
  readonly kind: 'likely' | 'choose' | 'not-a-reading' | 'unknown';
  /** Those that the value fits stand first; their order says nothing more. */
  readonly candidates: readonly { readonly property: PropertyKey; readonly unit: UnitCode }[];
  /** One sentence for the technician. */
  readonly reason: string;
}

const BY_NAME = new Map(FIELD_DICTIONARY.flatMap((row) => row.names.map((name) => [name, row] as const)));
const NO_READING_NAMES = new Set(NO_READING);
/** How makers write units; longest endings first where they are used as endings of names. */
const UNIT_WORDS: ReadonlyMap<string, UnitCode> = new Map([
  ['°c', 'Cel'],
  ['℃', 'Cel'],
  ['c', 'Cel'],
  ['%', '%'],
  ['%rh', '%'],
  ['%r.h.', '%'],
  ['percent', '%'],
  ['hpa', 'hPa'],
  ['kpa', 'kPa'],
  ['pa', 'Pa'],
  ['bar', 'bar'],
  ['v', 'V'],
  ['mv', 'mV'],
  ['a', 'A'],
  ['ma', 'mA'],
  ['w', 'W'],
  ['kw', 'kW'],
  ['kwh', 'kW.h'],
  ['wh', 'W.h'],
  ['ppm', '[ppm]'],
  ['ppb', '[ppb]'],
  ['µg/m³', 'ug/m3'],
  ['μg/m³', 'ug/m3'],
  ['mg/m³', 'mg/m3'],
  ['lx', 'lx'],
  ['lux', 'lx'],
  ['db', 'dB[SPL]'],
  ['dba', 'dB[SPL]'],
  ['mm', 'mm'],
  ['cm', 'cm'],
  ['m', 'm'],
  ['°', 'deg'],
  ['m³', 'm3'],
  ['l', 'L'],
  ['m/s', 'm/s'],
  ['km/h', 'km/h'],
]);
const MOST_FIELDS = 500;
const MOST_DEEP = 8;

/** `TempC_SHT`, `batteryVoltage`, `PM2.5` -> `temp_c_sht`, `battery_voltage`, `pm2_5`. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}

type Leaf = {
  readonly path: readonly string[];
  readonly value: string | number | boolean | null;
  readonly unit?: UnitCode;
};

function collectLeaves(value: unknown, path: readonly string[], leaves: Leaf[]): void {
  if (leaves.length >= MOST_FIELDS || path.length > MOST_DEEP) return;
  if (Array.isArray(value)) {
    for (const element of value) collectLeaves(element, [...path, '*'], leaves);
  } else if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    const unit = unitOf(value as Readonly<Record<string, unknown>>);
    for (const [key, child] of entries) {
      if (unit !== undefined && key === 'value' && isScalar(child))
        leaves.push({ path: [...path, key], value: child, unit });
      else if (!(unit !== undefined && key === 'unit')) collectLeaves(child, [...path, key], leaves);
    }
  } else if (isScalar(value)) leaves.push({ path, value });
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  );
}

function unitOf(object: Readonly<Record<string, unknown>>): UnitCode | undefined {
  if (typeof object.unit !== 'string' || !Object.hasOwn(object, 'value')) return undefined;
  return isUnitCode(object.unit) ? object.unit : UNIT_WORDS.get(object.unit.trim().toLowerCase());
}

function toPointer(path: readonly string[]): string {
  return path
    .map((token) => `/${token === '*' ? token : token.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** The name that tells the meaning: the last that is not `value`, a list or a mere number. */
function tellingName(path: readonly string[]): string {
  return path.findLast((token) => token !== '*' && token !== 'value' && !/^\d+$/.test(token)) ?? '';
}

function toNumber(value: Leaf['value']): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function fits(candidate: Candidate, value: Leaf['value']): boolean {
  if (typeof value === 'boolean') return candidate.range[0] === 0 && candidate.range[1] === 1;
  const number = toNumber(value);
  return number !== undefined && number >= candidate.range[0] && number <= candidate.range[1];
}

function suggest(leaf: Leaf): Omit<FieldSuggestion, 'field' | 'value'> {
  const name = tellingName(leaf.path);
  const snake = toSnakeCase(name);
  const row = BY_NAME.get(snake) ?? BY_NAME.get(snake.replace(/_\d+$/, ''));
  if (!row) {
    return NO_READING_NAMES.has(snake)
      ? {
          kind: 'not-a-reading',
          candidates: [],
          reason: `\`${name}\` is a setting or an identity, not a reading.`,
        }
      : { kind: 'unknown', candidates: [], reason: `Nothing is known of the name \`${name}\`.` };
  }
  const why = row.guard === undefined ? '' : `: ${row.guard}`;
  if (row.candidates.length === 0) return { kind: 'choose', candidates: [], reason: `\`${name}\`${why}.` };
  const inUnit =
    leaf.unit === undefined ? row.candidates : row.candidates.filter((c) => c.unit === leaf.unit);
  const fitting = inUnit.filter((c) => fits(c, leaf.value));
  const candidates = [...fitting, ...inUnit.filter((c) => !fitting.includes(c))].map(
    ({ property, unit }) => ({
      property,
      unit,
    }),
  );
  const choose = (reason: string) => ({ kind: 'choose', candidates, reason }) as const;
  if (typeof leaf.value === 'string' && toNumber(leaf.value) === undefined)
    return choose(
      `\`${name}\` is the word "${leaf.value.slice(0, 40)}" here: say what each word stands for.`,
    );
  // The number may settle the unit (101300 is pascal), never what is measured (3.6 may be volts or per cent).
  const [first] = fitting;
  if (first && fitting.length === 1 && inUnit.every((c) => c.property === first.property)) {
    const told = leaf.unit === undefined ? 'is mostly' : 'comes with its unit and is mostly';
    return {
      kind: 'likely',
      candidates,
      reason: `\`${name}\` ${told} ${first.property} in ${first.unit}${why}.`,
    };
  }
  if (leaf.value === null || first || inUnit.length === 0)
    return choose(`\`${name}\` can mean several things${why}: choose.`);
  return choose(`${String(leaf.value)} is outside what \`${name}\` mostly is${why}: choose.`);
}

/**
 * One suggestion for each field of a decoded object, in the order met; a list gives one for all its elements.
 * Never throws, whatever the codec gave back; looks at 500 values at most.
 */
export function toFieldSuggestions(data: unknown): readonly FieldSuggestion[] {
  const leaves: Leaf[] = [];
  collectLeaves(data, [], leaves);
  const seen = new Map<string, FieldSuggestion>();
  for (const leaf of leaves) {
    const field = toPointer(leaf.path);
    if (leaf.path.length === 0 || seen.has(field)) continue;
    seen.set(field, { field, value: leaf.value, ...suggest(leaf) });
  }
  return [...seen.values()];
}
