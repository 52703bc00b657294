/**
 * The measurements behind docs/decisions/0001, by one command: node bench/keys/run.mjs [--quick]
 * PostgreSQL gets a private cluster with fsync on.
 */
import { loadBench } from '../bundle.mjs';

const { main } = await loadBench('bench/keys/keys.ts');
await main(process.argv.slice(2));
