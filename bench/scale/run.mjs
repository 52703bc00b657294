/**
 * What SensorThings' questions cost as the table of readings grows: node bench/scale/run.mjs --rows 1e6,10e6,100e6
 * [--database-url postgres://...] (a database of its own is made there and dropped; without: the embedded one).
 */
import { loadBench, ROOT } from '../bundle.mjs';

const { main } = await loadBench('bench/scale/scale.ts');
await main(ROOT, process.argv.slice(2));
