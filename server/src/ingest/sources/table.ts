/** Every format Torv reads and the adapter that reads it; the only way into this folder for the rest of ingest. */
import type { SourceAdapter, SourceFormat } from '../source.ts';
import { chirpstackV3 } from './chirpstack-v3.ts';
import { chirpstackV4 } from './chirpstack-v4.ts';
import { helium } from './helium.ts';
import { loriot } from './loriot.ts';
import { torv } from './torv.ts';
import { ttsV3 } from './tts-v3.ts';

export const ADAPTERS: Readonly<Record<SourceFormat, SourceAdapter>> = {
  'chirpstack-v4': chirpstackV4,
  'chirpstack-v3': chirpstackV3,
  'tts-v3': ttsV3,
  loriot,
  helium,
  torv,
};
