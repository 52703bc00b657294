/**
 * What the main thread and a decode worker say to each other, and the few shared numbers by which the main thread
 * sees what a worker is busy with even when that worker never answers again.
 */
import type { GuestLimits } from './guest.ts';

export interface WorkerStart {
  readonly wasm: WebAssembly.Module;
  readonly limits: GuestLimits;
  /** Int32Array of PROGRESS_WORDS. */
  readonly progress: SharedArrayBuffer;
}

/** slot, fPort, payload in hexadecimal, milliseconds since 1970, DevEUI */
export type Work = readonly [number, number, string, number, string];

/** The main thread decides which codecs a worker holds; the worker only obeys. */
export interface Batch {
  readonly batch: number;
  readonly drop: readonly number[];
  readonly load: readonly (readonly [slot: number, script: string])[];
  readonly work: readonly Work[];
}

export type WorkerWord = 'ready' | Answers;

export interface Answers {
  readonly batch: number;
  /**
   * One line of JSON for each frame, see toOutcome; empty = not run, because its codec has held the others up long
   * enough. One string travels between threads at half the cost of many.
   */
  readonly lines: string;
  readonly ms: Float64Array;
}

/** Changes at the beginning and the end of each load and decode: odd while one is running. */
export const TURN = 0;
/** Batch and index of the one that is running. */
export const BATCH = 1;
export const INDEX = 2;
/** 1 while the codec is being loaded. */
export const LOADING = 3;
export const PROGRESS_WORDS = 4;
