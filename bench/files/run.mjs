/**
 * What reading a large file of readings takes: node bench/files/run.mjs [megabytes, 200]
 * The file is generated aside and removed.
 */
import { loadBench } from '../bundle.mjs';

const { main } = await loadBench('bench/files/read.ts');
await main(Number(process.argv[2] ?? 200));
