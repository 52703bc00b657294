/**
 * What goes into a decode and what comes out of it, and the reading of the text that leaves the sandbox.
 * That text was written under the eyes of foreign code: nothing in it is trusted, neither form, size nor depth.
 */

import { sayReason } from '@torv/core/reasons';
export interface CodecScript {
  /** Organisation and hash of the script: two organisations never share a codec instance. */
  readonly key: string;
  readonly script: string;
}

export interface DecodeRequest {
  readonly codec: CodecScript;
  readonly fPort: number;
  /** Application payload, hexadecimal. */
  readonly bytes: string;
  /** RFC 3339. It is the codec's clock too, so that decoding the frame again gives the same. */
  readonly recvTime: string;
  readonly devEui?: string;
}

export type Fault = 'deadline' | 'memory' | 'output' | 'crash' | 'syntax' | 'no-function' | 'quarantined';

export interface Decoded {
  readonly kind: 'decoded';
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly ms: number;
  readonly logs: readonly string[];
}

/** The codec itself refused the frame, threw, or returned nothing. */
export interface Failed {
  readonly kind: 'failed';
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly ms: number;
  readonly logs: readonly string[];
}

/** The sandbox stopped the codec. `reason` is one sentence that a person can read. */
export interface Faulted {
  readonly kind: 'fault';
  readonly fault: Fault;
  readonly reason: string;
  readonly ms: number;
}

export type DecodeOutcome = Decoded | Failed | Faulted;

/** Characters of JSON that one decode may give. */
export const OUTPUT_LIMIT = 65_536;
const DEPTH_LIMIT = 32;
const REASON_LIMIT = 500;
const LIST_LIMIT = 64;

export const REASONS = {
  deadline: (limitMs: number) => sayReason('codec_deadline', { n: limitMs }),
  memory: sayReason('codec_memory'),
  output: sayReason('codec_output', { n: OUTPUT_LIMIT / 1024 }),
  crash: sayReason('codec_crash'),
  'no-function': sayReason('codec_no_function'),
} as const;

export function faulted(fault: Fault, reason: string, ms: number): Faulted {
  return { kind: 'fault', fault, reason: reason.slice(0, REASON_LIMIT), ms };
}

const GUEST_FAULTS: ReadonlySet<unknown> = new Set<Fault>([
  'deadline',
  'memory',
  'output',
  'crash',
  'syntax',
  'no-function',
]);

/** PostgreSQL's jsonb takes neither; JSON.stringify writes whole characters as they are, so these stand alone. */
const UNSTORABLE = /\\u(?:0000|d[89a-f][0-9a-f]{2})/gi;

/** What the guest (or the worker around it) wrote: d data, e errors, w warnings, l logs, f fault, r its reason. */
export function toOutcome(text: string, ms: number): DecodeOutcome {
  let answer: unknown;
  try {
    answer = JSON.parse(text.replace(UNSTORABLE, '\\ufffd'));
  } catch {
    return faulted('crash', REASONS.crash, ms);
  }
  if (typeof answer !== 'object' || answer === null) return faulted('crash', REASONS.crash, ms);
  // JSON.parse makes `__proto__` an own property: harmless here, and gone before anybody copies it further.
  if (!harmless(answer, 0, text.includes('__proto__'))) return faulted('output', REASONS.output, ms);
  const { d, e, w, l, f, r } = answer as Readonly<Record<string, unknown>>;
  if (GUEST_FAULTS.has(f)) {
    const known = f === 'memory' || f === 'output' ? REASONS[f] : REASONS.crash;
    return faulted(f as Fault, typeof r === 'string' ? r : known, ms);
  }
  const warnings = strings(w);
  const logs = strings(l);
  if (d === undefined) {
    const errors = strings(e);
    return {
      kind: 'failed',
      errors: errors.length > 0 ? errors : [sayReason('codec_no_data')],
      warnings,
      ms,
      logs,
    };
  }
  return { kind: 'decoded', data: d, warnings, ms, logs };
}

function strings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list
    .slice(0, LIST_LIMIT)
    .filter((item) => typeof item === 'string')
    .map((item) => item.slice(0, REASON_LIMIT));
}

function harmless(value: unknown, depth: number, cleans: boolean): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEPTH_LIMIT) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!harmless(item, depth + 1, cleans)) return false;
    return true;
  }
  if (cleans && Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
  for (const key in value) {
    if (!harmless((value as Record<string, unknown>)[key], depth + 1, cleans)) return false;
  }
  return true;
}
