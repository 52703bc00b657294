/**
 * Cuts a byte stream into whole MQTT packets before any parser sees it, so that a peer cannot make this process
 * hold more than one packet of the permitted size (the protocol itself allows 256 MiB). Both the listener and the
 * embedded broker stand behind it. Knows nothing of a packet but its first byte and its length.
 */

/** The peer does not speak MQTT, or speaks more of it than is permitted at once. `message` is fit for people. */
export class MalformedPacket extends Error {}

export type Framer = (chunk: Buffer) => readonly Buffer[];

/**
 * Bytes of the packet that begins at `at`, or undefined while its length has not arrived in full.
 * @throws MalformedPacket
 */
function packetBytes(bytes: Buffer, at: number, maxPacketBytes: number): number | undefined {
  let remaining = 0;
  for (let digit = 0; digit < 4; digit++) {
    const byte = bytes[at + 1 + digit];
    if (byte === undefined) return undefined;
    remaining += (byte & 0x7f) * 128 ** digit;
    if ((byte & 0x80) === 0) {
      const total = 2 + digit + remaining;
      if (total > maxPacketBytes) {
        throw new MalformedPacket(`a packet of ${total} bytes came; at most ${maxPacketBytes} are taken`);
      }
      return total;
    }
  }
  throw new MalformedPacket('the length of a packet is not valid'); // MQTT 5, 1.5.5: at most four bytes
}

/** @param maxPacketBytes asked anew for each packet: less is permitted before a peer has said who it is. */
export function createFramer(maxPacketBytes: () => number): Framer {
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Looking at the bytes again before so many are there would cost time in the square of a large packet. */
  let neededBytes = 2;

  return (chunk) => {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < neededBytes) return [];
    const bytes = held.length === 1 ? chunk : Buffer.concat(held, heldBytes);
    const packets: Buffer[] = [];
    let at = 0;
    for (;;) {
      const length = packetBytes(bytes, at, maxPacketBytes());
      if (length === undefined || at + length > bytes.length) {
        neededBytes = length ?? bytes.length - at + 1;
        break;
      }
      packets.push(bytes.subarray(at, at + length));
      at += length;
    }
    const rest = bytes.subarray(at);
    held = rest.length === 0 ? [] : [rest];
    heldBytes = rest.length;
    return packets;
  };
}
