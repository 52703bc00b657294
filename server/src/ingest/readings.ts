/**
 * From kept frames to planned readings: decode in the sandbox, map to measurements, find the assignment in
 * force. Used by the live way, by the sweep of pending frames and by decoding again. Touches no table.
 */
import { type Measurement, toMeasurements } from '@torv/core/mapping';
import { PROPERTIES } from '@torv/core/properties';
import { sayReason } from '@torv/core/reasons';
import { findAssignment, type IngestAssignment, type IngestDevice } from '../registry/ingest-store.ts';
import type { DecodeOutcome, DecodeRequest, Decoder } from './decode/port.ts';
import type { UplinkState } from './states.ts';

export interface FrameToRead {
  readonly device: IngestDevice;
  readonly fPort: number;
  /** Lower-case hexadecimal. */
  readonly payload: string;
  readonly networkTime: string;
}

export interface PlannedReading {
  readonly assignment: IngestAssignment;
  readonly measurement: Measurement;
}

export interface ReadFrame {
  readonly state: UplinkState;
  readonly reason: string | null;
  readonly codecVersionId: number | null;
  readonly planned: readonly PlannedReading[];
  /** Battery and the like: they hang on the device, not on the room. */
  readonly deviceMeasurements: readonly Measurement[];
}

const NOTHING = { codecVersionId: null, planned: [], deviceMeasurements: [] } as const;

function toReadFrame(frame: FrameToRead, outcome: DecodeOutcome): ReadFrame {
  const codec = frame.device.codec;
  if (!codec) return { ...NOTHING, state: 'waiting', reason: null };
  if (outcome.kind !== 'decoded') {
    const reason =
      outcome.kind === 'fault' ? outcome.reason : outcome.errors.join('; ') || sayReason('codec_nothing');
    return { ...NOTHING, state: 'rejected', reason: reason.slice(0, 300), codecVersionId: codec.versionId };
  }
  const { measurements, faults } = toMeasurements(outcome.data, codec.mapping, frame.networkTime);
  const planned: PlannedReading[] = [];
  const deviceMeasurements: Measurement[] = [];
  for (const measurement of measurements) {
    if (PROPERTIES[measurement.property].subject === 'device') {
      deviceMeasurements.push(measurement);
      continue;
    }
    const assignment = findAssignment(frame.device, measurement);
    if (assignment) planned.push({ assignment, measurement });
  }
  const reason =
    faults.length === 0
      ? null
      : faults
          .map((f) => `${f.field}: ${f.reason}`)
          .join('; ')
          .slice(0, 300);
  // Fields that could not be used are told; the frame counts as rejected only when nothing came of it.
  const state = measurements.length === 0 && faults.length > 0 ? 'rejected' : 'decoded';
  return { state, reason, codecVersionId: codec.versionId, planned, deviceMeasurements };
}

/** Same order as given. Never rejects because of a codec; rejects only when the sandbox itself is away. */
export async function readFrames(decoder: Decoder, frames: readonly FrameToRead[]): Promise<ReadFrame[]> {
  const requests: DecodeRequest[] = [];
  const places: number[] = [];
  const result: ReadFrame[] = frames.map((frame, i) => {
    const codec = frame.device.codec;
    if (frame.device.state === 'waiting' || !codec) return { ...NOTHING, state: 'waiting', reason: null };
    if (codec.quarantineReason !== null) {
      return {
        ...NOTHING,
        state: 'rejected',
        reason: sayReason('codec_off', { why: codec.quarantineReason }).slice(0, 300),
        codecVersionId: codec.versionId,
      };
    }
    places.push(i);
    requests.push({
      codec: { key: codec.key, script: codec.script },
      fPort: frame.fPort,
      bytes: frame.payload,
      recvTime: frame.networkTime,
      devEui: frame.device.devEui,
    });
    return { ...NOTHING, state: 'pending', reason: null };
  });
  if (requests.length === 0) return result;
  const outcomes = await decoder.decode(requests);
  outcomes.forEach((outcome, k) => {
    const i = places[k];
    const frame = i === undefined ? undefined : frames[i];
    if (i !== undefined && frame) result[i] = toReadFrame(frame, outcome);
  });
  return result;
}
