/**
 * Stands between a client's socket and the embedded broker: lets whole packets of a permitted size through, as fast
 * as the client's key may and the store can take, and leaves the rest in the client's own send buffer. To the other
 * side it never blocks: a subscriber that does not read is disconnected, so that it holds up nobody else.
 */
import { Duplex } from 'node:stream';
import { createFramer, type Framer, MalformedPacket } from './framer.ts';
import type { BrokerLimits, Bucket } from './quotas.ts';

/** What all gates hold together. */
export interface Load {
  bytes: number;
  readonly waiting: Set<Gate>;
  /** Of subscribers that do not keep up. */
  unsentBytes: number;
}

/** What a client comes by: a socket, or the inside of a WebSocket. */
export type MqttStream = Duplex & {
  readonly remoteAddress?: string | undefined;
  readonly setNoDelay?: (isOn: boolean) => unknown;
  readonly setKeepAlive?: (isOn: boolean, afterMs: number) => unknown;
  /** Ends when all is written; without it `end` does. */
  readonly destroySoon?: () => void;
};

const PUBLISH = 3;
/** CONNECT, PUBLISH, the four acknowledgements, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT. */
const FROM_CLIENTS: ReadonlySet<number> = new Set([1, 3, 4, 5, 6, 7, 8, 10, 12, 14]);
/** Client id, user name and key need no more. */
const CONNECT_BYTES = 4 * 1024;
const TOPIC_BYTES = 1024;
/** So much may wait in any connection without being counted; more than what a stream asks to be drained at. */
const USUAL_UNSENT_BYTES = 64 * 1024;

function remainingBytes(packet: Buffer): number {
  let digits = 1;
  while (((packet[digits] ?? 0) & 0x80) !== 0 && digits < 4) digits++;
  return packet.length - 1 - digits;
}

export class Gate extends Duplex {
  /** Set when the client has said who it is. */
  bucket: Bucket | undefined;
  readonly #socket: MqttStream;
  readonly #limits: BrokerLimits;
  readonly #load: Load;
  readonly #framer: Framer;
  #queue: Buffer[] = [];
  #admitted = false;
  #begun = false;
  #wanted = false;
  #ended = false;
  #held = false;
  #inFlight = 0;
  #inFlightBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #unsentBytes = 0;

  constructor(socket: MqttStream, limits: BrokerLimits, load: Load) {
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: limits.unsentBytesPerConnection });
    this.#socket = socket;
    this.#limits = limits;
    this.#load = load;
    this.#framer = createFramer(() => (this.#admitted ? limits.payloadBytes + TOPIC_BYTES : CONNECT_BYTES));
    socket.on('data', (chunk) => this.#hear(chunk));
    socket.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    socket.on('drain', () => this.#countUnsent());
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** From now on packets of full size are taken. */
  admit(bucket: Bucket | undefined): void {
    this.#admitted = true;
    this.bucket = bucket;
    this.#pump();
  }

  /** Lets nothing more through; answers still go out. */
  hold(): void {
    this.#held = true;
    this.#socket.pause();
  }

  /** One message is committed or refused. @param bytes the packet's remaining length */
  settle(bytes: number): void {
    if (this.destroyed) return;
    this.#inFlight--;
    this.#giveBack(bytes);
    this.#pump();
  }

  #giveBack(bytes: number): void {
    this.#inFlightBytes -= bytes;
    this.#load.bytes -= bytes;
    if (this.#load.bytes >= this.#limits.inFlightBytes) return;
    const waiting = [...this.#load.waiting];
    this.#load.waiting.clear();
    for (const gate of waiting) gate.#pump();
  }

  #hear(chunk: Buffer): void {
    try {
      for (const packet of this.#framer(chunk)) {
        const kind = (packet[0] ?? 0) >> 4;
        if (!FROM_CLIENTS.has(kind) || (kind === 1) === this.#begun) {
          throw new MalformedPacket('a packet came that a client does not send there');
        }
        this.#begun = true;
        this.#queue.push(packet);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new MalformedPacket('not MQTT'));
      return;
    }
    this.#pump();
  }

  #pump(): void {
    if (this.destroyed || this.#held) return;
    let at = 0;
    for (; this.#wanted && at < this.#queue.length; at++) {
      const packet = this.#queue[at];
      if (packet === undefined || !this.#mayEnter(packet)) break;
      this.#wanted = this.push(packet);
    }
    this.#queue = at === 0 ? this.#queue : this.#queue.slice(at);
    if (this.#queue.length > 0) this.#socket.pause();
    else if (this.#ended) this.push(null);
    else this.#socket.resume();
  }

  #mayEnter(packet: Buffer): boolean {
    if ((packet[0] ?? 0) >> 4 !== PUBLISH) return true;
    const limits = this.#limits;
    if (
      this.#inFlight >= limits.inFlightPerConnection ||
      this.#inFlightBytes >= limits.inFlightBytesPerConnection
    ) {
      return false;
    }
    if (this.#load.bytes >= limits.inFlightBytes) {
      this.#load.waiting.add(this);
      return false;
    }
    const waitMs = this.bucket?.take(performance.now()) ?? 0;
    if (waitMs > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#pump(), waitMs);
      return false;
    }
    const bytes = remainingBytes(packet);
    this.#inFlight++;
    this.#inFlightBytes += bytes;
    this.#load.bytes += bytes;
    return true;
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  #write(bytes: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(bytes);
    this.#countUnsent();
    const all = this.#load.unsentBytes > this.#limits.unsentBytes;
    // Where all together hold too much, those go that hold more than usual; who reads notices nothing.
    if (this.#unsentBytes > (all ? 0 : this.#limits.unsentBytesPerConnection)) {
      this.destroy(new Error('the client reads too slowly'));
    }
  }

  #countUnsent(): void {
    const waiting = this.destroyed ? 0 : this.#socket.writableLength;
    const counted = waiting > USUAL_UNSENT_BYTES ? waiting : 0;
    this.#load.unsentBytes += counted - this.#unsentBytes;
    this.#unsentBytes = counted;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#write(chunk);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#write(Buffer.concat(chunks.map((each) => each.chunk)));
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#load.waiting.delete(this);
    this.#queue = [];
    this.#countUnsent();
    // Also what the broker refused without asking anybody, and what it had not read yet.
    this.#giveBack(this.#inFlightBytes);
    // A last CONNACK may still be on its way; a peer that does not take it is cut off.
    if (error !== null) this.#socket.destroy();
    else if (this.#socket.destroySoon === undefined) this.#socket.end();
    else this.#socket.destroySoon();
    done(error);
  }
}
