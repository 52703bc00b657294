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
/** Characters of answers in one batch; what would come after waits for the next, so that memory stays bounded. */
const ANSWERS_LIMIT = 4 * 1024 * 1024;

/** A script that loaded too late may have met a machine that slept; after so many times it is the script. */
const LATE_LOADS = 3;

interface Slot {
  readonly script: string;
  loaded?: Loaded;
  lateLoads: number;
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
    delete slot.loaded;
    Atomics.store(progress, LOADING, 1);
    const loaded = await loadGuest(nursery, slot.script);
    Atomics.store(progress, LOADING, 0);
    const late = 'fault' in loaded && loaded.fault.startsWith('{"f":"deadline"');
    if (!late || ++slot.lateLoads >= LATE_LOADS) slot.loaded = loaded;
    return loaded;
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
    for (const [slot, script] of message.load) slots.set(slot, { script, lateLoads: 0 });
    const lines: string[] = [];
    const ms = new Float64Array(message.work.length);
    const faults = new Map<number, number>();
    let size = 0;
    for (const [index, [slotId, fPort, bytes, recvMs, devEui]] of message.work.entries()) {
      const slot = slots.get(slotId);
      if (slot === undefined || (faults.get(slotId) ?? 0) >= FAULTS_PER_BATCH || size > ANSWERS_LIMIT) {
        lines.push(slot === undefined ? toFaultText('crash', REASONS.crash) : '');
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
      ms[index] = performance.now() - began;
      Atomics.add(progress, TURN, 1);
      if (text.startsWith('{"f"')) faults.set(slotId, (faults.get(slotId) ?? 0) + 1);
      size += text.length;
      // JSON has no bare line break; were the engine to write one, it must not move the answers of others.
      lines.push(text.includes('\n') ? toFaultText('crash', REASONS.crash) : text);
    }
    tell({ batch: message.batch, lines: lines.join('\n'), ms });
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
