/**
 * The one shape every network server's message becomes, and what an adapter is.
 * An adapter is pure: foreign JSON in, Uplink or a named reason out. It never touches the database or decodes a payload.
 */
import { type Static, Type } from 'typebox';

export const SOURCE_FORMATS = [
  'chirpstack-v4',
  'chirpstack-v3',
  'tts-v3',
  'loriot',
  'helium',
  'torv', // the documented plain JSON form, docs/sources.md
] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** Which clock gave `networkTime`, best first; kept with the frame. docs/decisions/0003 says why. */
export const CLOCKS = ['network-server', 'gateway', 'arrival'] as const;
export type Clock = (typeof CLOCKS)[number];

export const Reception = Type.Object({
  /** The network server's own id of the gateway, lower case where it is an EUI. */
  gatewayId: Type.String({ minLength: 1, maxLength: 128 }),
  /** dBm */
  rssi: Type.Optional(Type.Number()),
  /** dB */
  snr: Type.Optional(Type.Number()),
  latitude: Type.Optional(Type.Number({ minimum: -90, maximum: 90 })),
  longitude: Type.Optional(Type.Number({ minimum: -180, maximum: 180 })),
});
export type Reception = Static<typeof Reception>;

export const Uplink = Type.Object({
  /** 16 lower-case hexadecimal digits. */
  devEui: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  /** 8 lower-case hexadecimal digits; a change means a new session. */
  devAddr: Type.Optional(Type.String({ pattern: '^[0-9a-f]{8}$' })),
  /** 0..2^32-1; absent only where the source has no counter: then only an equal networkTime makes a copy. */
  fCnt: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295 })),
  fPort: Type.Integer({ minimum: 0, maximum: 255 }),
  /** Application payload, lower-case hexadecimal, at most 242 bytes. */
  payload: Type.String({ pattern: '^([0-9a-f]{2}){0,242}$' }),
  /** When the network heard the frame: RFC 3339 UTC with up to microseconds. */
  networkTime: Type.String(),
  clock: Type.Enum(CLOCKS),
  /** Best first (by SNR, then RSSI); may be empty. */
  receptions: Type.Array(Reception, { maxItems: 64 }),
  /** Data rate as the server says it: "SF7BW125" or "5". */
  dataRate: Type.Optional(Type.String({ maxLength: 40 })),
  /** MHz */
  frequencyMhz: Type.Optional(Type.Number()),
  deviceName: Type.Optional(Type.String({ maxLength: 200 })),
  profileName: Type.Optional(Type.String({ maxLength: 200 })),
  tags: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Per cent, from the network server's device status where it comes with the uplink. */
  batteryPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
});
export type Uplink = Static<typeof Uplink>;

/**
 * What became of one foreign message. `ignored` is a message that is right but holds no reading
 * (a join, a MAC-only frame, a simulated uplink); `rejected` one that cannot be used: kept, counted, shown.
 */
export type Parsed =
  | { readonly kind: 'uplink'; readonly uplink: Uplink }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly reason: string; readonly at?: string };

/** What the transport knows about a message and the message itself may not say. */
export interface MessageHint {
  /** Kind of event: ChirpStack's HTTP integration sends `?event=up`. */
  readonly event?: string | undefined;
  /** MQTT topic the message came on. */
  readonly topic?: string | undefined;
}

export interface SourceAdapter {
  readonly format: SourceFormat;
  /** Name of the network server for people. */
  readonly title: string;
  /** MQTT topic filter that a network server of this kind publishes uplinks on by default. */
  readonly topic?: string;
  /**
   * Never throws, whatever the far side sends; a reason never repeats what was sent.
   * @param message parsed JSON of one message; who receives a list hands over its elements
   * @param arrivedAt RFC 3339, the only clock where the message has none
   */
  parse(message: unknown, arrivedAt: string, hint?: MessageHint): Parsed;
}
