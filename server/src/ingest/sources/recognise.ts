/**
 * Tells from the outline of a message which network server wrote it, so that a source set to the wrong format
 * says so instead of naming a field the technician has never heard of. Never decides how a message is read.
 */
import type { SourceFormat } from '../source.ts';

/** Names of the network servers for people. */
export const TITLES: Readonly<Record<SourceFormat, string>> = {
  'chirpstack-v4': 'ChirpStack v4',
  'chirpstack-v3': 'ChirpStack v3',
  'tts-v3': 'The Things Stack v3',
  loriot: 'LORIOT',
  helium: 'Helium (legacy console)',
  torv: 'Torv plain JSON',
};

/** Keys that together occur in messages of one server only; the first row that fits wins. */
const OUTLINES: readonly (readonly [SourceFormat, readonly string[]])[] = [
  ['chirpstack-v4', ['deviceInfo']],
  ['chirpstack-v3', ['devEUI']],
  ['tts-v3', ['end_device_ids']],
  ['loriot', ['cmd', 'EUI']],
  ['helium', ['dev_eui', 'hotspots']],
  ['helium', ['dev_eui', 'reported_at']],
  ['torv', ['devEui', 'payload']],
  ['torv', ['devEui', 'payloadBase64']],
];

export function recogniseFormat(message: object): SourceFormat | undefined {
  return OUTLINES.find(([, keys]) => keys.every((key) => Object.hasOwn(message, key)))?.[0];
}
