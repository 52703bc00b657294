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
  readonly fixedStart: number;
  readonly fixed: Uint8Array;
  readonly heap: Uint8Array;
}

/** A codec's photograph: pages it has in common with the nursery's are that one's, which stays in the cache. */
interface Photograph {
  readonly parts: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  readonly heapEnd: number;
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
const STATIC_MARGIN_BYTES = 4096;
const OUTPUT_BYTES = OUTPUT_LIMIT * 4 + 65_536;

export async function openNursery(wasm: WebAssembly.Module, limits: GuestLimits): Promise<Nursery> {
  const probe = await startEngine(wasm, limits.maxMemoryMb);
  allowOnlyInterrupts(probe, () => false);
  openContext(probe);
  const layout = findLayout(probe);

  const engine = await startEngine(wasm, limits.maxMemoryMb);
  const untouched = new Uint32Array(engine.memory.buffer.slice(0, STATIC_SEARCH_BYTES));
  allowOnlyInterrupts(engine, () => false);
  const context = openContext(engine);
  const parts = runScript(engine, context.context, withoutIndent(GUEST_SCRIPT), 'torv.js');
  if (exceptionOf(engine, context.context, parts) !== undefined)
    throw new Error('The guest script does not run.');
  const part = (index: number) => engine.ffi.QTS_GetPropNumber(context.context, parts, index);
  const [run, arm, explain] = [part(0), part(1), part(2)];
  // These constants are made when first asked for: they must be in the photograph.
  engine.ffi.QTS_GetUndefined();
  engine.ffi.QTS_GetNull();
  engine.ffi.QTS_GetTrue();
  engine.ffi.QTS_GetFalse();
  const { fixedStart, fixed } = findStatics(untouched, engine, layout);
  const image = copyImage(engine, layout, fixedStart, fixed.length);
  return { wasm, limits, layout, context, run, arm, explain, image };
}

/** The engine keeps the text of every function, and every photograph would hold the indentation. */
function withoutIndent(script: string): string {
  return script.replace(/^\s*\/\/.*$/gm, '').replace(/\n\s+/g, '\n');
}

export async function loadGuest(nursery: Nursery, script: string): Promise<Loaded> {
  if (script.length > SCRIPT_LIMIT) {
    return { fault: toFaultText('syntax', `The script is longer than ${SCRIPT_LIMIT / 1024} kB.`) };
  }
  const engine = await startEngine(nursery.wasm, nursery.limits.maxMemoryMb);
  const memory = new Uint8Array(engine.memory.buffer);
  memory.set(nursery.image.fixed, nursery.image.fixedStart);
  memory.set(nursery.image.heap, nursery.layout.heapStart);
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
    if (why === undefined) throw new Escaped();
    if (why.startsWith('InternalError: out of memory')) return toFaultText('memory', REASONS.memory);
    return toFaultText('syntax', `The script does not load: ${why}`);
  }
  const found = runScript(engine, context, FIND_ENTRY, 'torv.js');
  const answer = takeText(engine, context, callFunction(engine, context, nursery.arm, found), 16);
  if (answer === undefined) throw new Escaped();
  return answer === 'ok' ? '' : toFaultText('no-function', REASONS['no-function']);
}

function createGuest(engine: Engine, nursery: Nursery, context: JSContextPointer, watch: Watch): Guest {
  const { layout, limits, run } = nursery;
  const image = photograph(engine, layout, nursery.image);
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
        if (exceptionOf(engine, context, answer) !== undefined) throw new Escaped();
        const answered = takeText(engine, context, answer, OUTPUT_BYTES);
        if (answered === undefined) throw new Escaped();
        return answered;
      });
      if (watch.broken || engine.starved() || heapEnd(engine, layout) - layout.heapStart > LARGE_HEAP_BYTES) {
        sound = false;
      }
      return text;
    },
  };
}

/** An exception left the guest script, or its answer could not be read. */
class Escaped extends Error {}

/**
 * Every way a call can end. An exception that escapes our guest script is one that it could not catch: the interrupt,
 * or no memory left to catch it with. Anything thrown by WebAssembly itself leaves the stack pointer wrong.
 */
function guarded(engine: Engine, watch: Watch, limitMs: number, call: () => string): string {
  let text: string | undefined;
  try {
    text = call();
  } catch (error) {
    const trapped = !(error instanceof OutOfMemory || error instanceof Escaped);
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

/**
 * Statics lie below the stack, which is empty between calls. What the engine has written since it was instantiated
 * is its variables; below them are constants, which need no photograph. The margins cover words not yet written.
 */
function findStatics(
  untouched: Uint32Array,
  engine: Engine,
  layout: Layout,
): Pick<Image, 'fixedStart' | 'fixed'> {
  const words = new Uint32Array(engine.memory.buffer, 0, STATIC_SEARCH_BYTES >> 2);
  const first = words.findIndex((word, index) => word !== untouched[index]) * 4 - STATIC_MARGIN_BYTES;
  const end = (words.findLastIndex((word) => word !== 0) + 1) * 4 + STATIC_MARGIN_BYTES;
  if (first < 0 || end > STATIC_SEARCH_BYTES || layout.breakAt < first || layout.breakAt >= end) {
    throw new Error('The variables of the engine are not where expected.');
  }
  return { fixedStart: first, fixed: new Uint8Array(engine.memory.buffer.slice(first, end)) };
}

function copyImage(engine: Engine, layout: Layout, fixedStart: number, fixedBytes: number): Image {
  const memory = new Uint8Array(engine.memory.buffer);
  return {
    fixedStart,
    fixed: memory.slice(fixedStart, fixedStart + fixedBytes),
    heap: memory.slice(layout.heapStart, heapEnd(engine, layout)),
  };
}

const PAGE_BYTES = 4096;

function photograph(engine: Engine, layout: Layout, base: Image): Photograph {
  const memory = new Uint8Array(engine.memory.buffer);
  const end = heapEnd(engine, layout);
  const fixed = memory.slice(base.fixedStart, base.fixedStart + base.fixed.length);
  const parts: { readonly at: number; readonly bytes: Uint8Array }[] = [
    { at: base.fixedStart, bytes: fixed },
  ];
  const isShared = (from: number, to: number) =>
    to <= base.heap.length &&
    Buffer.compare(
      base.heap.subarray(from, to),
      memory.subarray(layout.heapStart + from, layout.heapStart + to),
    ) === 0;
  const size = end - layout.heapStart;
  for (let from = 0, to = 0; from < size; from = to) {
    to = Math.min(from + PAGE_BYTES, size);
    const shared = isShared(from, to);
    while (to < size && isShared(to, Math.min(to + PAGE_BYTES, size)) === shared)
      to = Math.min(to + PAGE_BYTES, size);
    const bytes = shared
      ? base.heap.subarray(from, to)
      : memory.slice(layout.heapStart + from, layout.heapStart + to);
    parts.push({ at: layout.heapStart + from, bytes });
  }
  return { parts, heapEnd: end };
}

function restore(engine: Engine, layout: Layout, image: Photograph): void {
  const memory = new Uint8Array(engine.memory.buffer);
  const dirtyEnd = heapEnd(engine, layout);
  for (const { at, bytes } of image.parts) memory.set(bytes, at);
  if (dirtyEnd > image.heapEnd) memory.fill(0, image.heapEnd, dirtyEnd);
}
