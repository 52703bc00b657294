/**
 * One instance of QuickJS (WebAssembly) in a memory of its own that cannot grow past its maximum: the engine's own
 * memory limit does not hold under emscripten (measured), so the WebAssembly.Memory is the limit.
 * Here stand the few raw calls the sandbox needs and where the engine keeps its memory. Nothing here knows codecs.
 */
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  type EmscriptenModuleLoaderOptions,
  type IntrinsicsFlags,
  type JSContextPointer,
  type JSRuntimePointer,
  type JSValueConstPointerPointer,
  type JSValuePointer,
  newVariant,
  type QuickJSEmscriptenModule,
  type QuickJSFFI,
} from 'quickjs-emscripten-core';

const PAGE_BYTES = 65_536;
/** The build asks for 16 MB to begin with; untouched pages cost nothing. */
const INITIAL_PAGES = 256;
/** No flags: everything ECMAScript has. */
const ALL_INTRINSICS = 0 as IntrinsicsFlags;
const STACK_BYTES = 256 * 1024;
/** Above this much heap an instance is not worth keeping: its pages stay resident. */
export const LARGE_HEAP_BYTES = 4 * 1024 * 1024;

export interface Engine {
  readonly memory: WebAssembly.Memory;
  readonly module: QuickJSEmscriptenModule;
  readonly ffi: QuickJSFFI;
  /** The memory was asked to grow and could not. */
  starved(): boolean;
}

export async function startEngine(wasm: WebAssembly.Module, maxMemoryMb: number): Promise<Engine> {
  const memory = new WebAssembly.Memory({
    initial: INITIAL_PAGES,
    maximum: Math.max(INITIAL_PAGES, Math.floor((maxMemoryMb * 1024 * 1024) / PAGE_BYTES)),
  });
  let starved = false;
  // An own property before the prototype's: the only place where running out of memory shows for certain.
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    try {
      return grow(pages);
    } catch (error) {
      starved = true;
      throw error;
    }
  };
  // emscripten reads more options than its types name: without these two a trap prints to the server's log.
  const silent: EmscriptenModuleLoaderOptions & Record<'print' | 'printErr', () => void> = {
    print() {},
    printErr() {},
  };
  const bounded = newVariant(variant, { wasmModule: wasm, wasmMemory: memory, emscriptenModule: silent });
  const load = (await bounded.importModuleLoader()) as () => Promise<QuickJSEmscriptenModule>;
  const module = await load();
  const Ffi = await bounded.importFFI();
  return { memory, module, ffi: new Ffi(module), starved: () => starved };
}

/** The host functions emscripten wants. None does anything but the one that may interrupt. */
export function allowOnlyInterrupts(engine: Engine, shouldInterrupt: () => boolean): void {
  const refuse = () => {
    throw new Error('The sandbox has no host functions.');
  };
  engine.module.callbacks = {
    freeHostRef: refuse,
    callFunction: refuse,
    loadModuleSource: refuse,
    normalizeModule: refuse,
    shouldInterrupt: () => (shouldInterrupt() ? 1 : 0),
  };
}

export interface Context {
  readonly runtime: JSRuntimePointer;
  readonly context: JSContextPointer;
}

export function openContext(engine: Engine): Context {
  const runtime = engine.ffi.QTS_NewRuntime();
  engine.ffi.QTS_RuntimeSetMaxStackSize(runtime, STACK_BYTES);
  engine.ffi.QTS_RuntimeEnableInterruptHandler(runtime);
  const context = engine.ffi.QTS_NewContext(runtime, ALL_INTRINSICS);
  return { runtime, context };
}

// Little below frees what it allocates: the memory is put back as a whole.

export function putText(engine: Engine, text: string): { readonly at: number; readonly bytes: number } {
  const size = engine.module.lengthBytesUTF8(text);
  const at = engine.module._malloc(size + 1);
  if (at === 0) throw new OutOfMemory();
  engine.module.stringToUTF8(text, at as Parameters<QuickJSEmscriptenModule['stringToUTF8']>[1], size + 1);
  return { at, bytes: size };
}

export function takeText(
  engine: Engine,
  context: JSContextPointer,
  value: JSValuePointer,
  maxBytes: number,
): string | undefined {
  const at = engine.ffi.QTS_GetString(context, value) as number;
  if (at === 0) return undefined;
  const memory = new Uint8Array(engine.memory.buffer);
  const end = memory.indexOf(0, at);
  if (end < 0 || end - at > maxBytes) return undefined;
  return engine.module.UTF8ToString(at as Parameters<QuickJSEmscriptenModule['UTF8ToString']>[0]);
}

/** JS_EVAL_TYPE_GLOBAL without JS_EVAL_FLAG_STRICT. */
const GLOBAL_SCRIPT = 0 as Parameters<QuickJSFFI['QTS_Eval']>[5];

/** Runs text as a global sloppy script: as module or in strict mode one vendor codec in ten breaks. */
export function runScript(
  engine: Engine,
  context: JSContextPointer,
  text: string,
  name: string,
): JSValuePointer {
  const { at, bytes } = putText(engine, text);
  const value = engine.ffi.QTS_Eval(
    context,
    at as Parameters<QuickJSFFI['QTS_Eval']>[1],
    bytes,
    name,
    0 as Parameters<QuickJSFFI['QTS_Eval']>[4],
    GLOBAL_SCRIPT,
  );
  // The text would otherwise be in every photograph.
  engine.module._free(at);
  return value;
}

export function callFunction(
  engine: Engine,
  context: JSContextPointer,
  fn: JSValuePointer,
  argument: JSValuePointer,
): JSValuePointer {
  const list = engine.module._malloc(4);
  if (list === 0) throw new OutOfMemory();
  new Uint32Array(engine.memory.buffer)[list >> 2] = argument;
  return engine.ffi.QTS_Call(
    context,
    fn,
    engine.ffi.QTS_GetUndefined(),
    1,
    list as JSValueConstPointerPointer,
  );
}

/** The exception a call ended with, if it did. */
export function exceptionOf(
  engine: Engine,
  context: JSContextPointer,
  value: JSValuePointer,
): JSValuePointer | undefined {
  const error = engine.ffi.QTS_ResolveException(context, value);
  return error === 0 ? undefined : error;
}

export class OutOfMemory extends Error {}

/** Where an instance keeps its heap: from heapStart to the allocator's break, which only ever rises. */
export interface Layout {
  readonly heapStart: number;
  /** Address of the word that holds the break. */
  readonly breakAt: number;
}

const PROBE_BYTES = 4 * 1024 * 1024;
export const STATIC_SEARCH_BYTES = 512 * 1024;

/**
 * Finds the allocator's books by watching them take a large block and give it back: one word is an address above the
 * block (the break), others count the bytes in use. If a new build of the engine changes that, this throws and
 * nothing runs. The instance is spent afterwards.
 */
export function findLayout(engine: Engine): Layout {
  const words = () => new Uint32Array(engine.memory.buffer.slice(0, STATIC_SEARCH_BYTES));
  engine.module._free(engine.module._malloc(16));
  const before = words();
  const block = engine.module._malloc(PROBE_BYTES);
  const during = words();
  engine.module._free(block);
  const after = words();
  const breaks: { readonly at: number; readonly was: number }[] = [];
  const footprints = new Set<number>();
  before.forEach((was, index) => {
    const by = (during[index] ?? 0) - was;
    const keeps = after[index] === during[index];
    if (by < PROBE_BYTES || by > PROBE_BYTES + 4 * PAGE_BYTES || !keeps || was === 0) return;
    if (was > block) breaks.push({ at: index * 4, was });
    else if (was < STATIC_SEARCH_BYTES) footprints.add(was);
  });
  const [found] = breaks;
  const [footprint] = footprints;
  if (found === undefined || breaks.length > 1 || footprint === undefined || footprints.size > 1) {
    throw new Error(
      'This build of the engine keeps its memory in another way; the sandbox cannot restore it.',
    );
  }
  return { heapStart: found.was - footprint, breakAt: found.at };
}
