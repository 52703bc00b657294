/**
 * The few parts of PostgreSQL's frontend/backend protocol (version 3) that standing between a driver and the
 * embedded backend needs: cutting a byte stream into messages, and writing the answers of a server's start.
 * It never looks at rows and never decides whose turn it is.
 */

/** One-letter types of frontend messages. */
export const FRONTEND = {
  query: 0x51, // Q
  parse: 0x50, // P
  close: 0x43, // C
  sync: 0x53, // S
  flush: 0x48, // H
  functionCall: 0x46, // F
  terminate: 0x58, // X
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyFail: 0x66, // f
} as const;

export type TransactionState = 'I' | 'T' | 'E';

export interface FrontendMessage {
  /** The type byte; 0 for the packets without one, before the connection is up. */
  readonly type: number;
  readonly bytes: Buffer;
}

const CODES = { startup: 196_608, cancel: 80_877_102, ssl: 80_877_103, gss: 80_877_104 } as const;
/** As PostgreSQL itself: 1 GB less one byte is the most a message may say it holds. */
const MAX_MESSAGE_BYTES = 0x3fffffff;

export type StartPacket = keyof typeof CODES | 'unknown';

export function toStartPacket(message: FrontendMessage): StartPacket {
  const code = message.bytes.length >= 8 ? message.bytes.readInt32BE(4) : 0;
  for (const [name, value] of Object.entries(CODES)) {
    if (value === code) return name as keyof typeof CODES;
  }
  return 'unknown';
}

/** Cuts what a client sends into whole messages; a message may arrive in any number of pieces. */
export interface MessageCutter {
  push(chunk: Buffer): readonly FrontendMessage[];
  /** From here on messages have a type byte. */
  started(): void;
}

export function createMessageCutter(): MessageCutter {
  let pieces: Buffer[] = [];
  let length = 0;
  let headerBytes = 0;
  return {
    started() {
      headerBytes = 1;
    },
    push(chunk) {
      pieces.push(chunk);
      length += chunk.length;
      const messages: FrontendMessage[] = [];
      // Joins the pieces only when a whole message is there: a 100 MB parameter must not be copied per piece.
      let needed = toNeeded(pieces, length, headerBytes);
      if (length < needed) return messages;
      let rest = pieces.length === 1 ? (pieces[0] ?? chunk) : Buffer.concat(pieces, length);
      while (rest.length >= needed) {
        const bytes = rest.subarray(0, needed);
        messages.push({ type: headerBytes === 0 ? 0 : (bytes[0] ?? 0), bytes });
        rest = rest.subarray(needed);
        // The start packets come one at a time: the client waits for our answer before it goes on.
        needed = toNeeded([rest], rest.length, headerBytes);
      }
      pieces = rest.length === 0 ? [] : [rest];
      length = rest.length;
      return messages;
    },
  };
}

/** Bytes of the first message, or one more than there are while its length is not known yet. */
function toNeeded(pieces: readonly Buffer[], length: number, headerBytes: number): number {
  const prefix = headerBytes + 4;
  if (length < prefix) return length + 1;
  const first = pieces[0];
  const head = first !== undefined && first.length >= prefix ? first : Buffer.concat(pieces, length);
  const size = head.readInt32BE(headerBytes);
  if (size < 4 || size > MAX_MESSAGE_BYTES) throw new RangeError(`A message says that it has ${size} bytes`);
  return headerBytes + size;
}

/** The name a Parse message gives its statement; '' is the unnamed one. */
export function toStatementName(parse: Buffer): string {
  return parse.toString('utf8', 5, parse.indexOf(0, 5));
}

/** The SQL text of a Query or Parse message. */
export function toStatementText(message: FrontendMessage): string {
  const start = message.type === FRONTEND.parse ? message.bytes.indexOf(0, 5) + 1 : 5;
  return message.bytes.toString('utf8', start, message.bytes.indexOf(0, start));
}

const READY = 0x5a; // Z
const ERROR = 0x45; // E
const HEADER_BYTES = 5;
/** An ErrorResponse begins with its severity: enough of it to tell the two after which a backend says no more. */
const SEVERITY_BYTES = HEADER_BYTES + 7;

export interface ReadyCutter {
  /** What a backend says, piece by piece and cut anywhere -> the same without ReadyForQuery. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** As the last ReadyForQuery said; undefined while there was none. */
  readonly state: TransactionState | undefined;
  /** The backend ended itself (FATAL or PANIC, e.g. for want of room for its log): it answers nothing any more. */
  readonly isOver: boolean;
}

/**
 * Takes ReadyForQuery out of a backend's answer. The embedded backend says it a second time after an error (and once
 * where no Sync has asked for it): the driver would take the second for the answer to its next statement, and so a
 * failed transaction for a committed one.
 */
export function createReadyCutter(): ReadyCutter {
  let carry = new Uint8Array(0);
  let left = 0;
  let isReady = false;
  let isOver = false;
  let state: TransactionState | undefined;
  /** The first bytes of an ErrorResponse, as far as they have come; undefined within other messages. */
  let severity: string | undefined;
  return {
    get state() {
      return state;
    },
    get isOver() {
      return isOver;
    },
    push(chunk) {
      let bytes = chunk;
      if (carry.length > 0) {
        bytes = new Uint8Array(carry.length + chunk.length);
        bytes.set(carry);
        bytes.set(chunk, carry.length);
        carry = new Uint8Array(0);
      }
      const pieces: Uint8Array[] = [];
      let from = 0;
      const keep = (until: number): void => {
        if (until > from) pieces.push(bytes.subarray(from, until));
      };
      let at = 0;
      while (at < bytes.length) {
        if (left === 0) {
          if (bytes.length - at < HEADER_BYTES) break;
          left = 1 + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(1);
          isReady = bytes[at] === READY;
          severity = bytes[at] === ERROR ? '' : undefined;
          if (isReady) keep(at);
        }
        const step = Math.min(left, bytes.length - at);
        if (severity !== undefined && severity.length < SEVERITY_BYTES) {
          const more = Math.min(step, SEVERITY_BYTES - severity.length);
          severity += String.fromCharCode(...bytes.subarray(at, at + more));
          isOver ||= /S(FATAL|PANIC)\0$/.test(severity);
        }
        at += step;
        left -= step;
        if (!isReady) continue;
        from = at;
        if (left === 0) state = toTransactionState(bytes[at - 1]);
      }
      keep(at);
      if (at < bytes.length) carry = bytes.slice(at);
      return pieces;
    },
  };
}

function toTransactionState(byte: number | undefined): TransactionState {
  const text = String.fromCharCode(byte ?? 0);
  return text === 'I' || text === 'T' ? text : 'E';
}

export function renderQuery(text: string): Buffer {
  return renderMessage('Q', Buffer.from(`${text}\0`));
}

export function renderCloseStatement(name: string): Buffer {
  return renderMessage('C', Buffer.from(`S${name}\0`));
}

export function renderSync(): Buffer {
  return renderMessage('S', Buffer.alloc(0));
}

export function renderReady(state: TransactionState): Buffer {
  return renderMessage('Z', Buffer.from(state));
}

export function renderError(sqlState: string, text: string, hint?: string): Buffer {
  const fields = `SERROR\0VERROR\0C${sqlState}\0M${text}\0${hint === undefined ? '' : `H${hint}\0`}\0`;
  return renderMessage('E', Buffer.from(fields));
}

/** Everything a server says between the start packet and the first query. */
export function renderWelcome(parameters: Readonly<Record<string, string>>): Buffer {
  const statuses = Object.entries(parameters).map(([name, value]) =>
    renderMessage('S', Buffer.from(`${name}\0${value}\0`)),
  );
  return Buffer.concat([
    renderMessage('R', Buffer.alloc(4)), // AuthenticationOk
    ...statuses,
    renderMessage('K', Buffer.alloc(8)), // BackendKeyData: there is nothing to cancel
    renderReady('I'),
  ]);
}

function renderMessage(type: string, body: Buffer): Buffer {
  const message = Buffer.alloc(5 + body.length);
  message.write(type, 0, 'latin1');
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
}
