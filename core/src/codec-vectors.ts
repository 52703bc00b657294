/**
 * A codec's examples: test, documentation and the condition for installing it. Pure: somebody else runs the
 * script; here the answer is compared with what the example says, and the difference is put into words.
 */
import { AppError } from './errors.ts';
import { type FieldMapping, toMeasurements } from './mapping.ts';

export interface CodecVector {
  readonly name: string;
  readonly fPort: number;
  /** Hexadecimal. */
  readonly bytes: string;
  readonly recvTime?: string;
  readonly data?: unknown;
  /** Present (also empty of words): the codec must refuse the frame. */
  readonly errors?: readonly string[];
  readonly measurements?: readonly {
    readonly property: string;
    readonly channel?: number;
    readonly value: number | boolean;
    readonly phenomenonTime?: string;
  }[];
}

export interface VectorResult {
  readonly name: string;
  readonly passed: boolean;
  /** What differs, in words; empty when it passed. */
  readonly differences: readonly string[];
  readonly data?: unknown;
  readonly errors?: readonly string[];
}

/** When an example names no time: any fixed moment will do, so that the answer is the same each time. */
export const EXAMPLE_TIME = '2026-01-15T12:00:00Z';
const MAX_VECTORS = 500;

function bad(sentence: string, at: string): AppError {
  return new AppError('BAD_CODEC', sentence, { at });
}

/** @throws AppError BAD_CODEC naming the example and what is wrong with it */
export function parseCodecVectors(input: unknown): readonly CodecVector[] {
  if (!Array.isArray(input)) throw bad('The examples must be a list.', '/vectors');
  if (input.length > MAX_VECTORS) throw bad(`At most ${MAX_VECTORS} examples.`, '/vectors');
  return input.map((row: unknown, i) => {
    const at = `/vectors/${i}`;
    if (row === null || typeof row !== 'object') throw bad('An example must be an object.', at);
    const v = row as Partial<CodecVector>;
    if (typeof v.name !== 'string' || v.name === '') throw bad('An example needs a name.', `${at}/name`);
    if (typeof v.fPort !== 'number' || !Number.isInteger(v.fPort) || v.fPort < 0 || v.fPort > 255) {
      throw bad('The fPort must be a whole number from 0 to 255.', `${at}/fPort`);
    }
    if (typeof v.bytes !== 'string' || !/^([0-9a-f]{2}){0,1024}$/i.test(v.bytes)) {
      throw bad('The bytes must be hexadecimal, two digits each.', `${at}/bytes`);
    }
    if (
      v.recvTime !== undefined &&
      (typeof v.recvTime !== 'string' || Number.isNaN(Date.parse(v.recvTime)))
    ) {
      throw bad('The time must be RFC 3339.', `${at}/recvTime`);
    }
    if (v.data === undefined && v.errors === undefined)
      throw bad('An example says what comes out: data, or errors.', at);
    return v as CodecVector;
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Where two JSON values differ, as `/pointer: expected …, got …`; at most ten places. */
export function findDifferences(expected: unknown, got: unknown, at = '', found: string[] = []): string[] {
  if (found.length >= 10) return found;
  if (isObject(expected) && isObject(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)]))
      findDifferences(expected[key], got[key], `${at}/${key}`, found);
    return found;
  }
  if (Array.isArray(expected) && Array.isArray(got)) {
    for (let i = 0; i < Math.max(expected.length, got.length); i++)
      findDifferences(expected[i], got[i], `${at}/${i}`, found);
    return found;
  }
  const same =
    typeof expected === 'number' && typeof got === 'number'
      ? Math.abs(expected - got) <= 1e-9 * Math.max(1, Math.abs(expected))
      : expected === got;
  if (!same)
    found.push(`${at === '' ? 'the whole' : at}: expected ${toShort(expected)}, got ${toShort(got)}`);
  return found;
}

const toShort = (value: unknown) =>
  value === undefined ? 'nothing' : (JSON.stringify(value)?.slice(0, 80) ?? 'nothing');

/** What a script answered to one example. */
export type VectorAnswer = { readonly data: unknown } | { readonly errors: readonly string[] };

export function toVectorResult(
  vector: CodecVector,
  answer: VectorAnswer,
  mapping: readonly FieldMapping[],
): VectorResult {
  const differences: string[] = [];
  if (vector.errors !== undefined) {
    if ('data' in answer)
      differences.push(`expected a refusal (${vector.errors.join('; ')}), got ${toShort(answer.data)}`);
  } else if ('errors' in answer) {
    differences.push(`expected data, got a refusal: ${answer.errors.join('; ').slice(0, 300)}`);
  } else {
    findDifferences(vector.data, answer.data, '', differences);
    if (vector.measurements !== undefined) differences.push(...findMissing(vector, answer.data, mapping));
  }
  return { name: vector.name, passed: differences.length === 0, differences, ...answer };
}

function findMissing(vector: CodecVector, data: unknown, mapping: readonly FieldMapping[]): string[] {
  const { measurements } = toMeasurements(data, mapping, vector.recvTime ?? EXAMPLE_TIME);
  const describe = (m: { property: string; channel?: number; value: number | boolean }) =>
    `${m.property}${m.channel ? `#${m.channel}` : ''} = ${m.value}`;
  const expected = new Set(vector.measurements?.map(describe));
  const got = new Set(measurements.map(describe));
  return [
    ...[...expected].filter((m) => !got.has(m)).map((m) => `the measurement ${m} is missing`),
    ...[...got].filter((m) => !expected.has(m)).map((m) => `the measurement ${m} was not expected`),
  ];
}
