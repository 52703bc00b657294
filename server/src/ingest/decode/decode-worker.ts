/**
 * The thread that vendors' codecs run in. It holds one guest per codec and does what a batch says, in order.
 * It must never touch anything but the sandbox: no files, no database, no network; it may be ended at any moment.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Guest, type Loaded, loadGuest, openNursery, toFaultText, toGuestInput } from './guest.ts';
import { BATCH, type Batch, INDEX, LOADING, TURN, type WorkerStart, type WorkerWord } from './messages.ts';
import { REASONS } from './outcome.ts';

/** After so many faults of one codec in one batch the rest of its frames waits, and the others go on. */
const FAULTS_PER_BATCH = 2;

interface Slot {
  readonly script: string;
  loaded?: Loaded;
}

/**
 * The engine asks the host for the local time, through Date. This thread has no other use of local time, so it lives
 * in UTC: a codec gives the same wherever the server stands.
 */
function liveInUtc(): void {
  const own = Date.prototype;
  own.getTimezoneOffset = () => 0;
  own.getFullYear = own.getUTCFullYear;
  own.getMonth = own.getUTCMonth;
  own.getDate = own.getUTCDate;
  own.getDay = own.getUTCDay;
  own.getHours = own.getUTCHours;
  own.getMinutes = own.getUTCMinutes;
  own.getSeconds = own.getUTCSeconds;
}

async function serve(port: NonNullable<typeof parentPort>, start: WorkerStart): Promise<void> {
  liveInUtc();
  const progress = new Int32Array(start.progress);
  const nursery = await openNursery(start.wasm, start.limits);
  const slots = new Map<number, Slot>();
  const tell = (word: WorkerWord) => port.postMessage(word);

  async function load(slot: Slot): Promise<Loaded> {
    Atomics.store(progress, LOADING, 1);
    slot.loaded = await loadGuest(nursery, slot.script);
    Atomics.store(progress, LOADING, 0);
    return slot.loaded;
  }

  function decodeOne(guest: Guest, input: string): string {
    try {
      return guest.decode(input);
    } catch {
      return toFaultText('crash', REASONS.crash);
    }
  }

  async function run(message: Batch): Promise<void> {
    for (const slot of message.drop) slots.delete(slot);
    for (const [slot, script] of message.load) slots.set(slot, { script });
    const texts: string[] = [];
    const ms: number[] = [];
    const faults = new Map<number, number>();
    for (const [index, [slotId, fPort, bytes, recvMs, devEui]] of message.work.entries()) {
      const slot = slots.get(slotId);
      if (slot === undefined || (faults.get(slotId) ?? 0) >= FAULTS_PER_BATCH) {
        texts.push(slot === undefined ? toFaultText('crash', REASONS.crash) : '');
        ms.push(0);
        continue;
      }
      const input = toGuestInput(bytes, fPort, recvMs, devEui);
      Atomics.store(progress, BATCH, message.batch);
      Atomics.store(progress, INDEX, index);
      Atomics.add(progress, TURN, 1);
      const loaded = slot.loaded !== undefined && isSound(slot.loaded) ? slot.loaded : await load(slot);
      if ('guest' in loaded) Atomics.add(progress, TURN, 2);
      const began = performance.now();
      const text = 'guest' in loaded ? decodeOne(loaded.guest, input) : loaded.fault;
      ms.push(performance.now() - began);
      Atomics.add(progress, TURN, 1);
      if (text.startsWith('{"f"')) faults.set(slotId, (faults.get(slotId) ?? 0) + 1);
      texts.push(text);
    }
    tell({ batch: message.batch, texts, ms });
  }

  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: Batch) => {
    // One after another: loading is asynchronous, and an error must end the thread rather than stay unseen.
    last = last.then(() => run(message));
    last.catch((error: unknown) => {
      throw error;
    });
  });
  tell('ready');
}

function isSound(loaded: Loaded): boolean {
  return !('guest' in loaded) || loaded.guest.sound;
}

if (parentPort !== null) void serve(parentPort, workerData as WorkerStart);
