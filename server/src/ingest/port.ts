/** What other features may use of ingest: the shape of an uplink, giving uplinks, being told when they are kept. */
export type { Batcher } from './batcher.ts';
export type { Reception, Uplink } from './source.ts';
