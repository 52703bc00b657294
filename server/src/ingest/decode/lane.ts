/**
 * One decode worker seen from the main thread: its queue, the codecs it holds, and the watchdog that ends it.
 * Ending the thread is the only thing that stops a built-in which never polls the interrupt (measured), so a frame
 * that was merely in the same batch is run again on the next thread and never blamed.
 */
import { Worker } from 'node:worker_threads';
import { AppError } from '@torv/core/errors';
import type { GuestLimits } from './guest.ts';
import {
  type Answers,
  BATCH,
  type Batch,
  INDEX,
  LOADING,
  PROGRESS_WORDS,
  TURN,
  type Work,
  type WorkerStart,
  type WorkerWord,
} from './messages.ts';
import { type DecodeOutcome, type DecodeRequest, faulted, REASONS, toOutcome } from './outcome.ts';
import type { Ledger } from './quarantine.ts';

export interface Job {
  readonly request: DecodeRequest;
  readonly recvMs: number;
  readonly settle: (outcome: DecodeOutcome) => void;
  readonly fail: (error: AppError) => void;
  /** Threads that ended under it without it being to blame. */
  losses: number;
}

export interface LaneOptions {
  readonly limits: GuestLimits;
  /** After the deadline, before the thread is ended. */
  readonly graceMs: number;
  readonly maxCodecs: number;
  readonly batchSize: number;
  readonly ledger: Ledger;
  readonly workerFile: URL;
  readonly compile: () => Promise<WebAssembly.Module>;
}

export interface Lane {
  push(job: Job): void;
  /** Sends what was pushed; apart from push so that one call's frames travel together. */
  flush(): void;
  forget(key: string): void;
  close(): Promise<void>;
}

const TICK_MS = 25;
const BATCHES_UNDER_WAY = 2;
const MAX_STARTS = 3;
const MAX_LOSSES = 5;
/** A thread is ended early only if the process really ran meanwhile; a starved or suspended machine is no loop. */
const LEAST_BUSY = 0.4;
const STARVED_FACTOR = 10;

interface Thread {
  readonly worker: Worker;
  readonly progress: Int32Array;
  readonly slots: Map<string, number>;
  ready: boolean;
}

interface Sight {
  readonly turn: number;
  readonly atMs: number;
  readonly cpu: NodeJS.CpuUsage;
}

/**
 * Frames of one codec one after another: its memory is then still in the processor's cache, which is worth more than
 * half of the time. No frame knows of another, so their order inside a batch has no meaning.
 */
function grouped(jobs: readonly Job[]): readonly Job[] {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const group = groups.get(job.request.codec.key);
    if (group === undefined) groups.set(job.request.codec.key, [job]);
    else group.push(job);
  }
  return [...groups.values()].flat();
}

export function createLane(options: LaneOptions): Lane {
  const { ledger, limits } = options;
  let queue: Job[] = [];
  const underWay = new Map<number, readonly Job[]>();
  const ending = new Set<Promise<unknown>>();
  let thread: Thread | undefined;
  let starting = false;
  let failedStarts = 0;
  let closed = false;
  let lastBatch = 0;
  let lastSlot = 0;
  let timer: NodeJS.Timeout | undefined;
  let sight: Sight | undefined;
  let dropped: number[] = [];

  async function start(): Promise<void> {
    starting = true;
    try {
      const wasm = await options.compile();
      if (closed) return;
      const shared = new SharedArrayBuffer(PROGRESS_WORDS * Int32Array.BYTES_PER_ELEMENT);
      const workerData: WorkerStart = { wasm, limits, progress: shared };
      // No environment: nothing of the server's secrets is in the thread that foreign code runs in.
      const worker = new Worker(options.workerFile, {
        workerData,
        env: {},
        execArgv: [],
        name: 'decode',
        resourceLimits: { maxOldGenerationSizeMb: 256 },
      });
      const own: Thread = { worker, progress: new Int32Array(shared), slots: new Map(), ready: false };
      thread = own;
      dropped = [];
      worker.on('message', (word: WorkerWord) => hear(own, word));
      worker.on('error', () => ended(own));
      worker.on('exit', () => ended(own));
    } catch (error) {
      failedStarts = MAX_STARTS;
      giveUp(error);
    } finally {
      starting = false;
    }
  }

  function hear(from: Thread, word: WorkerWord): void {
    if (from !== thread) return;
    if (word === 'ready') {
      from.ready = true;
      failedStarts = 0;
    } else {
      answer(word);
    }
    pump();
  }

  function answer(answers: Answers): void {
    const jobs = underWay.get(answers.batch) ?? [];
    underWay.delete(answers.batch);
    const lines = answers.lines.split('\n');
    const again: Job[] = [];
    jobs.forEach((job, index) => {
      const text = lines[index] ?? '';
      if (text === '') again.push(job);
      else finish(job, toOutcome(text, answers.ms[index] ?? 0), false);
    });
    if (again.length > 0) queue = queue.concat(again);
  }

  function finish(job: Job, outcome: DecodeOutcome, killed: boolean): void {
    ledger.note(job.request.codec.key, outcome, killed);
    job.settle(outcome);
  }

  function pump(): void {
    if (closed || queue.length === 0) {
      rest();
      return;
    }
    if (thread === undefined) {
      if (!starting) void start();
      return;
    }
    while (thread.ready && underWay.size < BATCHES_UNDER_WAY && queue.length > 0) {
      const jobs = grouped(admit(take()));
      if (jobs.length === 0) continue;
      const message = pack(thread, jobs);
      underWay.set(message.batch, jobs);
      thread.worker.postMessage(message);
    }
    rest();
  }

  /** The watchdog runs, and the thread keeps the process alive, only while there is something to do. */
  function rest(): void {
    const busy = underWay.size > 0;
    if (busy || queue.length > 0) thread?.worker.ref();
    else thread?.worker.unref();
    if (busy && timer === undefined) timer = setInterval(watch, TICK_MS);
    if (busy || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    sight = undefined;
  }

  /** From the front, as many frames as a batch has and as many codecs as a thread holds. */
  function take(): readonly Job[] {
    const keys = new Set<string>();
    let count = 0;
    for (const job of queue) {
      keys.add(job.request.codec.key);
      if (count === options.batchSize || keys.size > options.maxCodecs) break;
      count++;
    }
    return queue.splice(0, count);
  }

  function admit(jobs: readonly Job[]): readonly Job[] {
    return jobs.filter((job) => {
      const { quarantined } = ledger.faults(job.request.codec.key);
      if (quarantined === undefined) return true;
      job.settle(faulted('quarantined', quarantined, 0));
      return false;
    });
  }

  function pack(to: Thread, jobs: readonly Job[]): Batch {
    const load: [number, string][] = [];
    const work = jobs.map(({ request, recvMs }): Work => {
      const { key, script } = request.codec;
      let slot = to.slots.get(key);
      if (slot === undefined) {
        slot = ++lastSlot;
        load.push([slot, script]);
      }
      // Map keeps the order of insertion: the first is the one not used for the longest time.
      to.slots.delete(key);
      to.slots.set(key, slot);
      return [slot, request.fPort, request.bytes, recvMs, request.devEui ?? ''];
    });
    const drop = dropped;
    dropped = [];
    // Dropped with the next batch: this one may still use it.
    for (const [key, slot] of to.slots) {
      if (to.slots.size <= options.maxCodecs) break;
      to.slots.delete(key);
      dropped.push(slot);
    }
    return { batch: ++lastBatch, drop, load, work };
  }

  function watch(): void {
    if (thread === undefined) return;
    const turn = Atomics.load(thread.progress, TURN);
    if (turn % 2 === 0) {
      sight = undefined;
      return;
    }
    if (sight === undefined || sight.turn !== turn) {
      sight = { turn, atMs: performance.now(), cpu: process.cpuUsage() };
      return;
    }
    const loading = Atomics.load(thread.progress, LOADING) === 1;
    const limitMs = (loading ? limits.loadDeadlineMs : limits.deadlineMs) + options.graceMs;
    const waitedMs = performance.now() - sight.atMs;
    const used = process.cpuUsage(sight.cpu);
    const usedMs = (used.user + used.system) / 1000;
    if (waitedMs < limitMs || (usedMs < limitMs * LEAST_BUSY && waitedMs < limitMs * STARVED_FACTOR)) return;
    const shownMs = loading ? limits.loadDeadlineMs : limits.deadlineMs;
    bury(thread, faulted('deadline', REASONS.deadline(shownMs), waitedMs));
  }

  /** The thread ended by itself: out of memory outside the sandbox, or a fault of ours. */
  function ended(own: Thread): void {
    if (own !== thread) return;
    if (!own.ready && ++failedStarts >= MAX_STARTS) {
      thread = undefined;
      giveUp(new Error('The decode worker does not start.'));
      return;
    }
    bury(own, faulted('crash', REASONS.crash, 0));
  }

  function bury(own: Thread, verdict: DecodeOutcome): void {
    const busy = Atomics.load(own.progress, TURN) % 2 === 1;
    const batch = Atomics.load(own.progress, BATCH);
    const index = Atomics.load(own.progress, INDEX);
    thread = undefined;
    sight = undefined;
    const end = own.worker.terminate().finally(() => ending.delete(end));
    ending.add(end);
    const again: Job[] = [];
    for (const [number, jobs] of underWay) {
      jobs.forEach((job, at) => {
        if (busy && number === batch && at === index) finish(job, verdict, true);
        else if (!busy && ++job.losses > MAX_LOSSES) finish(job, verdict, false);
        else again.push(job);
      });
    }
    underWay.clear();
    queue = again.concat(queue);
    pump();
  }

  function giveUp(cause: unknown): void {
    const error = new AppError('UNAVAILABLE', 'The decoder does not start.', { cause });
    const jobs = [...underWay.values()].flat().concat(queue);
    underWay.clear();
    queue = [];
    failedStarts = 0;
    rest();
    for (const job of jobs) job.fail(error);
  }

  return {
    push(job) {
      queue.push(job);
    },
    flush: pump,
    forget(key) {
      const slot = thread?.slots.get(key);
      if (slot === undefined) return;
      thread?.slots.delete(key);
      dropped.push(slot);
    },
    async close() {
      closed = true;
      const own = thread;
      thread = undefined;
      giveUp(undefined);
      await Promise.all([own?.worker.terminate(), ...ending]);
    },
  };
}
