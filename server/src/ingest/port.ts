/** What other features may use of ingest: giving uplinks and being told when they are kept. */
export type { Batcher } from './batcher.ts';
export type { IngestItem, IngestReport } from './uplink.ts';
