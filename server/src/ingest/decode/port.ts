/**
 * The door to the sandbox: frames and their codecs in, what the codecs made of them out, in the same order.
 * Nothing a codec does makes decode() reject, slows other codecs for more than a blink, or reaches this process.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { AppError } from '@torv/core/errors';
import { toWorkerUrl } from '../../worker-url.ts';
import { createLane, type Lane } from './lane.ts';
import type { DecodeOutcome, DecodeRequest } from './outcome.ts';
import { createLedger, type Faults, type QuarantineListener } from './quarantine.ts';

export type { DecodeOutcome, DecodeRequest } from './outcome.ts';
export type { Faults } from './quarantine.ts';

export interface Decoder {
  decode(requests: readonly DecodeRequest[]): Promise<readonly DecodeOutcome[]>;
  faults(key: string): Faults;
  /** Lifts a quarantine and forgets what was counted. */
  release(key: string): void;
  onQuarantine(listener: QuarantineListener): void;
  close(): Promise<void>;
}

export interface DecoderOptions {
  /** Threads. A codec stays with one of them. */
  readonly workers: number;
  readonly deadlineMs?: number;
  readonly loadDeadlineMs?: number;
  readonly graceMs?: number;
  /** Of one codec; the engine itself takes 16 MB of addresses to begin with. */
  readonly maxMemoryMb?: number;
  /** Codecs held ready by one thread. */
  readonly maxCodecs?: number;
  /** Frames that travel to a thread together. */
  readonly batchSize?: number;
  /** Frames in the decoder at once; further calls wait. */
  readonly maxQueued?: number;
  /** Calls that may wait; further ones are refused. */
  readonly maxWaiting?: number;
}

const MAX_PINS = 10_000;
const HEX = /^(?:[0-9a-f]{2})*$/i;
const MAX_PAYLOAD_BYTES = 1_024;

export function createDecoder(options: DecoderOptions): Decoder {
  const ledger = createLedger();
  const maxCodecs = Math.max(1, options.maxCodecs ?? 128);
  const lanes: readonly Lane[] = Array.from({ length: Math.max(1, options.workers) }, () =>
    createLane({
      limits: {
        deadlineMs: options.deadlineMs ?? 100,
        loadDeadlineMs: options.loadDeadlineMs ?? 1_000,
        maxMemoryMb: options.maxMemoryMb ?? 24,
      },
      graceMs: options.graceMs ?? 200,
      maxCodecs,
      batchSize: Math.max(1, options.batchSize ?? 512),
      ledger,
      workerFile: toWorkerUrl('decode-worker'),
      compile: compileEngine,
    }),
  );
  const pins = createPins(lanes);
  const gate = createGate(options.maxQueued ?? 20_000, options.maxWaiting ?? 1_000);
  let closed = false;

  return {
    async decode(requests) {
      if (requests.length === 0) return [];
      const times = requests.map(checked);
      await gate.enter(requests.length);
      try {
        if (closed) throw new AppError('UNAVAILABLE', 'The decoder is closed.');
        const used = new Set<Lane>();
        const outcomes = requests.map((request, index) => {
          const lane = pins.laneOf(request.codec.key);
          used.add(lane);
          return new Promise<DecodeOutcome>((settle, fail) => {
            lane.push({ request, recvMs: times[index] ?? 0, settle, fail, losses: 0 });
          });
        });
        for (const lane of used) lane.flush();
        return await Promise.all(outcomes);
      } finally {
        gate.leave(requests.length);
      }
    },
    faults: (key) => ledger.faults(key),
    release(key) {
      ledger.release(key);
      pins.laneOf(key).forget(key);
    },
    onQuarantine: (listener) => ledger.onQuarantine(listener),
    async close() {
      closed = true;
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}

/** What a caller got wrong is the caller's error, unlike anything a codec does. Gives milliseconds since 1970. */
function checked(request: DecodeRequest, index: number): number {
  const recvMs = Date.parse(request.recvTime);
  const at = `/${index}`;
  if (!Number.isFinite(recvMs))
    throw new AppError('BAD_REQUEST', 'recvTime is not a time.', { at: `${at}/recvTime` });
  if (request.bytes.length > 2 * MAX_PAYLOAD_BYTES || !HEX.test(request.bytes)) {
    throw new AppError('BAD_REQUEST', `bytes is not hexadecimal of at most ${MAX_PAYLOAD_BYTES} bytes.`, {
      at: `${at}/bytes`,
    });
  }
  if (!Number.isInteger(request.fPort)) {
    throw new AppError('BAD_REQUEST', 'fPort is not a whole number.', { at: `${at}/fPort` });
  }
  return recvMs;
}

/** Loading a codec costs a hundred decodes, so it stays with the thread that has loaded it. */
function createPins(lanes: readonly Lane[]): { laneOf(key: string): Lane } {
  const pins = new Map<string, number>();
  const counts = lanes.map(() => 0);
  const least = () => counts.indexOf(Math.min(...counts));
  return {
    laneOf(key) {
      let index = pins.get(key);
      if (index === undefined) {
        index = least();
        counts[index] = (counts[index] ?? 0) + 1;
        pins.set(key, index);
        const [oldest] = pins;
        if (pins.size > MAX_PINS && oldest !== undefined) {
          pins.delete(oldest[0]);
          counts[oldest[1]] = (counts[oldest[1]] ?? 1) - 1;
        }
      }
      const lane = lanes[index];
      if (lane === undefined) throw new AppError('BUG', 'A codec is pinned to a thread that does not exist.');
      return lane;
    },
  };
}

interface Gate {
  enter(count: number): Promise<void>;
  leave(count: number): void;
}

function createGate(maxQueued: number, maxWaiting: number): Gate {
  const waiting: { readonly count: number; readonly go: () => void }[] = [];
  let inside = 0;
  // A call larger than the whole room enters alone.
  const fits = (count: number) => inside === 0 || inside + count <= maxQueued;
  return {
    async enter(count) {
      if (waiting.length === 0 && fits(count)) {
        inside += count;
        return;
      }
      if (waiting.length >= maxWaiting) throw new AppError('UNAVAILABLE', 'The decoder has too much to do.');
      await new Promise<void>((go) => waiting.push({ count, go }));
    },
    leave(count) {
      inside -= count;
      for (let next = waiting[0]; next !== undefined && fits(next.count); next = waiting[0]) {
        waiting.shift();
        inside += next.count;
        next.go();
      }
    },
  };
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiled once for the process; threads share the compiled code. */
function compileEngine(): Promise<WebAssembly.Module> {
  compiled ??= readFile(
    createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm'),
  ).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}
