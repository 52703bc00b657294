/**
 * One codec in one engine: loaded once, photographed, and put back to the photograph before every decode, so that
 * nothing a frame leaves behind reaches the next. Knows nothing of threads; a built-in that never polls the
 * interrupt hangs here, and only the lane that watches the thread can end it.
 */
import type { JSContextPointer, JSValuePointer } from 'quickjs-emscripten-core';
import {
  allowOnlyInterrupts,
  type Context,
  callFunction,
  type Engine,
  exceptionOf,
  findLayout,
  LARGE_HEAP_BYTES,
  type Layout,
  OutOfMemory,
  openContext,
  putText,
  runScript,
  STATIC_SEARCH_BYTES,
  startEngine,
  takeText,
} from './engine.ts';
import { FIND_ENTRY, GUEST_SCRIPT, withoutExports } from './guest-script.ts';
import { type Fault, OUTPUT_LIMIT, REASONS } from './outcome.ts';

export interface GuestLimits {
  readonly deadlineMs: number;
  readonly loadDeadlineMs: number;
  readonly maxMemoryMb: number;
}

interface Image {
  readonly fixed: Uint8Array;
  readonly heap: Uint8Array;
}

/** What every codec starts from: an engine after our own script has run, made once per thread. */
export interface Nursery {
  readonly wasm: WebAssembly.Module;
  readonly limits: GuestLimits;
  readonly layout: Layout;
  readonly context: Context;
  readonly run: JSValuePointer;
  readonly arm: JSValuePointer;
  readonly explain: JSValuePointer;
  readonly image: Image;
}

/** The input of one decode as the guest's script reads it: [bytes, fPort, milliseconds, devEui]. */
export function toGuestInput(bytes: string, fPort: number, recvMs: number, devEui: string): string {
  return `[[${Buffer.from(bytes, 'hex').join(',')}],${fPort},${recvMs},${JSON.stringify(devEui)}]`;
}

/** Answers of the guest are JSON text, see toOutcome; the host writes its own faults in the same form. */
export function toFaultText(fault: Fault, reason: string): string {
  return JSON.stringify({ f: fault, r: reason });
}

export interface Guest {
  decode(input: string): string;
  /** False when the instance must not be used again. */
  readonly sound: boolean;
}

export type Loaded = { readonly guest: Guest } | { readonly fault: string };

const SCRIPT_LIMIT = 512 * 1024;
/** A thread that was not given the processor is not a codec that loops. */
const LEAST_POLLS = 20;
const OUTPUT_BYTES = OUTPUT_LIMIT * 4 + 65_536;

export async function openNursery(wasm: WebAssembly.Module, limits: GuestLimits): Promise<Nursery> {
  const probe = await startEngine(wasm, limits.maxMemoryMb);
  allowOnlyInterrupts(probe, () => false);
  openContext(probe);
  const layout = findLayout(probe);

  const engine = await startEngine(wasm, limits.maxMemoryMb);
  allowOnlyInterrupts(engine, () => false);
  const context = openContext(engine);
  const parts = runScript(engine, context.context, GUEST_SCRIPT, 'torv.js');
  if (exceptionOf(engine, context.context, parts) !== undefined)
    throw new Error('The guest script does not run.');
  const part = (index: number) => engine.ffi.QTS_GetPropNumber(context.context, parts, index);
  const [run, arm, explain] = [part(0), part(1), part(2)];
  // These constants are made when first asked for: they must be in the photograph.
  engine.ffi.QTS_GetUndefined();
  engine.ffi.QTS_GetNull();
  engine.ffi.QTS_GetTrue();
  engine.ffi.QTS_GetFalse();
  const fixedEnd = endOfStatics(engine, layout);
  return { wasm, limits, layout, context, run, arm, explain, image: photograph(engine, layout, fixedEnd) };
}

export async function loadGuest(nursery: Nursery, script: string): Promise<Loaded> {
  if (script.length > SCRIPT_LIMIT) {
    return { fault: toFaultText('syntax', `The script is longer than ${SCRIPT_LIMIT / 1024} kB.`) };
  }
  const engine = await startEngine(nursery.wasm, nursery.limits.maxMemoryMb);
  restore(engine, nursery.layout, nursery.image);
  const watch = createWatch();
  allowOnlyInterrupts(engine, watch.isLate);
  const { context } = nursery.context;
  watch.start(nursery.limits.loadDeadlineMs);
  const fault = guarded(engine, watch, nursery.limits.loadDeadlineMs, () =>
    loadScript(engine, nursery, script),
  );
  return fault !== '' ? { fault } : { guest: createGuest(engine, nursery, context, watch) };
}

/** '' when the script is ready, else why not. */
function loadScript(engine: Engine, nursery: Nursery, script: string): string {
  const { context } = nursery.context;
  const explain = (error: JSValuePointer) =>
    takeText(engine, context, callFunction(engine, context, nursery.explain, error), OUTPUT_BYTES);
  let error = exceptionOf(engine, context, runScript(engine, context, script, 'codec.js'));
  if (error !== undefined && /^[ \t]*export\b/m.test(script) && explain(error)?.startsWith('SyntaxError')) {
    error = exceptionOf(engine, context, runScript(engine, context, withoutExports(script), 'codec.js'));
  }
  if (error !== undefined) {
    const why = explain(error);
    if (why === undefined) throw new Error('escaped');
    if (why.startsWith('InternalError: out of memory')) return toFaultText('memory', REASONS.memory);
    return toFaultText('syntax', `The script does not load: ${why}`);
  }
  const found = runScript(engine, context, FIND_ENTRY, 'torv.js');
  const answer = takeText(engine, context, callFunction(engine, context, nursery.arm, found), 16);
  if (answer === undefined) throw new Error('escaped');
  return answer === 'ok' ? '' : toFaultText('no-function', REASONS['no-function']);
}

function createGuest(engine: Engine, nursery: Nursery, context: JSContextPointer, watch: Watch): Guest {
  const { layout, limits, run } = nursery;
  const image = photograph(engine, layout, nursery.image.fixed.length);
  let sound = true;
  let used = false;
  return {
    get sound() {
      return sound;
    },
    decode(input) {
      if (used) restore(engine, layout, image);
      used = true;
      watch.start(limits.deadlineMs);
      const text = guarded(engine, watch, limits.deadlineMs, () => {
        const { at } = putText(engine, input);
        const value = engine.ffi.QTS_NewString(context, at as Parameters<typeof engine.ffi.QTS_NewString>[1]);
        const answer = callFunction(engine, context, run, value);
        if (exceptionOf(engine, context, answer) !== undefined) throw new Error('escaped');
        const answered = takeText(engine, context, answer, OUTPUT_BYTES);
        if (answered === undefined) throw new Error('escaped');
        return answered;
      });
      if (watch.broken || engine.starved() || heapEnd(engine, layout) - layout.heapStart > LARGE_HEAP_BYTES) {
        sound = false;
      }
      return text;
    },
  };
}

/**
 * Every way a call can end. An exception that escapes our guest script is one that it could not catch: the interrupt,
 * or no memory left to catch it with. Anything thrown by WebAssembly itself leaves the stack pointer wrong.
 */
function guarded(engine: Engine, watch: Watch, limitMs: number, call: () => string): string {
  let text: string | undefined;
  try {
    text = call();
  } catch (error) {
    const trapped =
      !(error instanceof OutOfMemory) && !(error instanceof Error && error.message === 'escaped');
    if (trapped) watch.broken = true;
  }
  if (watch.late) return toFaultText('deadline', REASONS.deadline(limitMs));
  // Also when the codec swallowed the exception: it would cost a new instance on every frame.
  if (engine.starved()) return toFaultText('memory', REASONS.memory);
  return text ?? toFaultText('crash', REASONS.crash);
}

interface Watch {
  start(limitMs: number): void;
  readonly isLate: () => boolean;
  readonly late: boolean;
  broken: boolean;
}

function createWatch(): Watch {
  let endsAt = 0;
  let latestAt = 0;
  let polls = 0;
  let late = false;
  return {
    broken: false,
    get late() {
      return late;
    },
    start(limitMs) {
      endsAt = performance.now() + limitMs;
      latestAt = endsAt + limitMs;
      polls = 0;
      late = false;
    },
    isLate() {
      polls++;
      const now = performance.now();
      late ||= now > endsAt && (polls >= LEAST_POLLS || now > latestAt);
      return late;
    },
  };
}

function heapEnd(engine: Engine, layout: Layout): number {
  return new Uint32Array(engine.memory.buffer, layout.breakAt, 1)[0] ?? 0;
}

/** Statics lie below the stack, which is empty between calls; a margin covers words that are still zero. */
function endOfStatics(engine: Engine, layout: Layout): number {
  const words = new Uint32Array(engine.memory.buffer, 0, STATIC_SEARCH_BYTES >> 2);
  const end = (words.findLastIndex((word) => word !== 0) + 1) * 4 + 8192;
  if (end > STATIC_SEARCH_BYTES || layout.breakAt >= end)
    throw new Error('The statics of the engine are not where expected.');
  return end;
}

function photograph(engine: Engine, layout: Layout, fixedEnd: number): Image {
  const memory = new Uint8Array(engine.memory.buffer);
  return {
    fixed: memory.slice(0, fixedEnd),
    heap: memory.slice(layout.heapStart, heapEnd(engine, layout)),
  };
}

function restore(engine: Engine, layout: Layout, image: Image): void {
  const memory = new Uint8Array(engine.memory.buffer);
  const dirtyEnd = heapEnd(engine, layout);
  const imageEnd = layout.heapStart + image.heap.length;
  memory.set(image.fixed, 0);
  memory.set(image.heap, layout.heapStart);
  if (dirtyEnd > imageEnd) memory.fill(0, imageEnd, dirtyEnd);
}
