/**
 * Payloads as the demo town's device models send them: the other direction of the codecs in codecs/, from the
 * makers' payload descriptions. Values are rounded and cut to what a model can say, as the model does it.
 */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function toHex(bytes: readonly number[]): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte & 255];
  return text;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(value)));
}

/** Two bytes, big endian; negative values as two's complement. */
function big16(value: number): [number, number] {
  return [(value >> 8) & 255, value & 255];
}

function little16(value: number): [number, number] {
  return [value & 255, (value >> 8) & 255];
}

export interface ElsysErsCo2 {
  readonly temperatureC: number;
  readonly humidityPercent: number;
  readonly lightLx: number;
  readonly motion: number;
  readonly co2Ppm: number;
  readonly vddMv: number;
}

/** Elsys general payload, fPort 5: type byte, value (big endian). */
export function encodeElsysErsCo2(v: ElsysErsCo2): string {
  return toHex([
    0x01,
    ...big16(clamp(v.temperatureC * 10, -32_768, 32_767)),
    0x02,
    clamp(v.humidityPercent, 0, 255),
    0x04,
    ...big16(clamp(v.lightLx, 0, 65_535)),
    0x05,
    clamp(v.motion, 0, 255),
    0x06,
    ...big16(clamp(v.co2Ppm, 0, 65_535)),
    0x07,
    ...big16(clamp(v.vddMv, 0, 65_535)),
  ]);
}

export interface MilesightAm307 {
  readonly temperatureC: number;
  readonly humidityPercent: number;
  readonly moved: boolean;
  /** 0 to 5 */
  readonly lightLevel: number;
  readonly co2Ppm: number;
  readonly tvocIndex: number;
  readonly pressureHpa: number;
  readonly batteryPercent: number;
}

/** Milesight AM307, fPort 85: channel, type, value (little endian). */
export function encodeMilesightAm307(v: MilesightAm307): string {
  return toHex([
    0x01,
    0x75,
    clamp(v.batteryPercent, 0, 100),
    0x03,
    0x67,
    ...little16(clamp(v.temperatureC * 10, -32_768, 32_767)),
    0x04,
    0x68,
    clamp(v.humidityPercent * 2, 0, 255),
    0x05,
    0x00,
    v.moved ? 1 : 0,
    0x06,
    0xcb,
    clamp(v.lightLevel, 0, 5),
    0x07,
    0x7d,
    ...little16(clamp(v.co2Ppm, 0, 65_535)),
    0x08,
    0x7d,
    ...little16(clamp(v.tvocIndex * 100, 0, 65_535)),
    0x09,
    0x73,
    ...little16(clamp(v.pressureHpa * 10, 0, 65_535)),
  ]);
}

export interface MilesightWs302 {
  readonly lafDb: number;
  readonly laeqDb: number;
  readonly lafMaxDb: number;
  readonly batteryPercent: number;
}

/** Milesight WS302, fPort 85: A weighting, fast. */
export function encodeMilesightWs302(v: MilesightWs302): string {
  return toHex([
    0x01,
    0x75,
    clamp(v.batteryPercent, 0, 100),
    0x05,
    0x5b,
    0x05,
    ...little16(clamp(v.lafDb * 10, 0, 65_535)),
    ...little16(clamp(v.laeqDb * 10, 0, 65_535)),
    ...little16(clamp(v.lafMaxDb * 10, 0, 65_535)),
  ]);
}

export interface MilesightWts506 {
  readonly temperatureC: number;
  readonly humidityPercent: number;
  readonly windFromDeg: number;
  readonly pressureHpa: number;
  readonly windMS: number;
  /** Since the running accumulation phase began. */
  readonly rainMm: number;
  /** Number of the phase, 0 to 255. */
  readonly rainPhase: number;
  readonly batteryPercent: number;
}

/** Milesight WTS506, fPort 85. */
export function encodeMilesightWts506(v: MilesightWts506): string {
  return toHex([
    0x01,
    0x75,
    clamp(v.batteryPercent, 0, 100),
    0x03,
    0x67,
    ...little16(clamp(v.temperatureC * 10, -32_768, 32_767)),
    0x04,
    0x68,
    clamp(v.humidityPercent * 2, 0, 200),
    0x05,
    0x84,
    ...little16(clamp(v.windFromDeg * 10, 0, 3599)),
    0x06,
    0x73,
    ...little16(clamp(v.pressureHpa * 10, 0, 65_535)),
    0x07,
    0x92,
    ...little16(clamp(v.windMS * 10, 0, 65_535)),
    0x08,
    0x77,
    ...little16(clamp(v.rainMm * 100, 0, 65_535)),
    v.rainPhase & 255,
  ]);
}

export interface MilesightEm500Co2 {
  readonly temperatureC: number;
  readonly humidityPercent: number;
  readonly co2Ppm: number;
  readonly pressureHpa: number;
  readonly batteryPercent: number;
}

/** Milesight EM500-CO2, fPort 85. */
export function encodeMilesightEm500Co2(v: MilesightEm500Co2): string {
  return toHex([
    0x01,
    0x75,
    clamp(v.batteryPercent, 0, 100),
    0x03,
    0x67,
    ...little16(clamp(v.temperatureC * 10, -32_768, 32_767)),
    0x04,
    0x68,
    clamp(v.humidityPercent * 2, 0, 200),
    0x05,
    0x7d,
    ...little16(clamp(v.co2Ppm, 0, 65_535)),
    0x06,
    0x73,
    ...little16(clamp(v.pressureHpa * 10, 0, 65_535)),
  ]);
}

export interface EastronSdm230 {
  readonly serialNumber: number;
  readonly energyKwh: number;
  readonly voltageV: number;
  readonly currentA: number;
  readonly powerFactor: number;
  readonly frequencyHz: number;
}

/** Modbus CRC-16 of a report, low byte first. */
function toCrc16(bytes: readonly number[]): [number, number] {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return [crc & 255, crc >>> 8];
}

/** Eastron SDM230-LoRaWAN, default report: serial number, fragment, length, five single floats, check bytes. */
export function encodeEastronSdm230(v: EastronSdm230): string {
  const report = Buffer.alloc(26);
  report.writeUInt32BE(v.serialNumber, 0);
  report.writeUInt8(1, 4);
  report.writeUInt8(20, 5);
  [v.energyKwh, v.voltageV, v.currentA, v.powerFactor, v.frequencyHz].forEach((value, i) => {
    report.writeFloatBE(value, 6 + i * 4);
  });
  return report.toString('hex') + toHex(toCrc16([...report]));
}

export interface ElvacoCmi4160 {
  readonly energyKwh: number;
  readonly volumeM3: number;
  readonly powerW: number;
  readonly flowM3PerHour: number;
  readonly flowC: number;
  readonly returnC: number;
  /** Eight digits on the meter's face. */
  readonly meterId: number;
}

/** Elvaco CMi4160 in a heat meter, standard message: M-Bus records of DIF, VIF and a little endian value. */
export function encodeElvacoCmi4160(v: ElvacoCmi4160): string {
  const digits = String(v.meterId).padStart(8, '0');
  const message = Buffer.alloc(42);
  let at = 0;
  const record = (head: readonly number[], length: 2 | 4, value: number) => {
    for (const byte of head) message.writeUInt8(byte, at++);
    message.writeIntLE(Math.round(value), at, length);
    at += length;
  };
  message.writeUInt8(0x1e, at++);
  record([0x04, 0x06], 4, v.energyKwh);
  record([0x04, 0x14], 4, v.volumeM3 * 100);
  record([0x02, 0x2d], 2, v.powerW / 100);
  record([0x02, 0x3b], 2, v.flowM3PerHour * 1000);
  record([0x02, 0x5a], 2, v.flowC * 10);
  record([0x02, 0x5e], 2, v.returnC * 10);
  for (const byte of [0x07, 0x79]) message.writeUInt8(byte, at++);
  for (let i = 6; i >= 0; i -= 2) message.writeUInt8(Number.parseInt(digits.slice(i, i + 2), 16), at++);
  // maker, version and medium of the meter
  for (const byte of [0xa5, 0x11, 0x40, 0x04]) message.writeUInt8(byte, at++);
  return message.toString('hex', 0, at);
}
