/**
 * The measurements behind docs/decisions/0001, by one command: node bench/keys/run.mjs [--quick]
 * It bundles keys.ts (Node 20 runs no TypeScript) and runs it; PostgreSQL gets a private cluster with fsync on.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outdir = join(root, 'build/bench');
await build({
  entryPoints: [join(root, 'bench/keys/keys.ts'), join(root, 'server/src/db/embedded-worker.ts')],
  outdir,
  entryNames: '[name]',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  alias: { '@torv/core/errors': join(root, 'core/src/errors.ts') },
});
const { main } = await import(pathToFileURL(join(outdir, 'keys.js')).href);
await main(process.argv.slice(2));
