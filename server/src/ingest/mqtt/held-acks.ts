/**
 * Acknowledgements that wait for a commit. They are released in the order in which their messages came
 * (MQTT-4.6.0-2), many in one write, and never one before its message is kept.
 * Belongs to one connection: packet numbers mean nothing on another.
 */

const PUBACK = 0x40;
const PUBREC = 0x50;

export interface HeldAck {
  readonly messageId: number;
  readonly qos: 1 | 2;
}

interface Entry {
  readonly acks: readonly HeldAck[];
  kept: boolean;
}

export interface HeldAcks {
  /** Takes a place in the order; call the result when these messages are kept. */
  hold(acks: readonly HeldAck[]): () => void;
}

/** Four bytes an acknowledgement, the same in MQTT 3.1.1 and 5 (where success needs no reason code). */
function renderAcks(acks: readonly HeldAck[]): Buffer {
  const bytes = Buffer.allocUnsafe(acks.length * 4);
  acks.forEach(({ messageId, qos }, index) => {
    bytes.writeUInt16BE(((qos === 1 ? PUBACK : PUBREC) << 8) | 2, index * 4);
    bytes.writeUInt16BE(messageId, index * 4 + 2);
  });
  return bytes;
}

export function createHeldAcks(write: (bytes: Buffer, count: number) => void): HeldAcks {
  const order: Entry[] = [];

  function release(): void {
    const ready = order.findIndex((entry) => !entry.kept);
    const released = order.splice(0, ready === -1 ? order.length : ready).flatMap((entry) => entry.acks);
    if (released.length > 0) write(renderAcks(released), released.length);
  }

  return {
    hold: (acks) => {
      const entry: Entry = { acks, kept: false };
      order.push(entry);
      return () => {
        entry.kept = true;
        if (order[0] === entry) release();
      };
    },
  };
}
