/** Frames for tests of the registry: given through the real batcher, decoded by the real sweep. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBatcher } from '../src/ingest/batcher.ts';
import { createDecoder } from '../src/ingest/decode/port.ts';
import { sweepPending } from '../src/ingest/sweep.ts';
import { DeviceKnowledge } from '../src/ingest/uplink.ts';
import { syncObservedProperties } from '../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../src/registry/shipped-codec-store.ts';
import { SILENT, type TestDatabase } from './database.ts';

/** Elsys ERS CO2: 21.8 °C, 48 %, 272 lx, 13 motions, 1,500 ppm, 3.66 V. */
export const CLASSROOM = '0100da0230040110050d0605dc070e4c';

export interface Heard {
  readonly devEui: string;
  readonly name?: string;
  readonly profile?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** RFC 3339; one frame each. */
  readonly times: readonly string[];
  readonly payload?: string;
}

export interface Ears {
  hear(organisationId: number, devices: readonly Heard[]): Promise<void>;
  /** Decodes what waits to be decoded. @returns how many readings came of it */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

export async function openEars(database: TestDatabase): Promise<Ears> {
  const { sql } = database;
  await syncObservedProperties(sql);
  await syncShippedCodecs(sql, join(fileURLToPath(new URL('../..', import.meta.url)), 'codecs'));
  const decoder = createDecoder({ workers: 1 });
  const deps = { sql, decoder, devices: new DeviceKnowledge(), announce: () => undefined };
  const batcher = createBatcher(deps, { log: SILENT });
  return {
    async hear(organisationId, devices) {
      await batcher.accept(
        devices.flatMap((device) =>
          device.times.map((networkTime, fCnt) => ({
            organisationId,
            sourceId: null,
            arrivedAt: networkTime,
            uplink: {
              devEui: device.devEui,
              fCnt,
              fPort: 5,
              payload: device.payload ?? CLASSROOM,
              networkTime,
              clock: 'network-server' as const,
              receptions: [{ gatewayId: 'gw-1', rssi: -97, snr: 7 }],
              ...(device.name === undefined ? {} : { deviceName: device.name }),
              ...(device.profile === undefined ? {} : { profileName: device.profile }),
              ...(device.tags === undefined ? {} : { tags: device.tags }),
            },
          })),
        ),
      );
    },
    sweep: async () => (await sweepPending(deps)).readings,
    async close() {
      await batcher.close();
      await decoder.close();
    },
  };
}
