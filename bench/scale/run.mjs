/**
 * What SensorThings' questions cost as the table of readings grows: node bench/scale/run.mjs --rows 1e6,10e6,100e6
 * [--database-url postgres://...] (a database of its own is made there and dropped; without: the embedded one).
 * It bundles scale.ts (Node 20 runs no TypeScript).
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outdir = join(root, 'build/bench');
await build({
  entryPoints: [join(root, 'bench/scale/scale.ts')],
  outdir,
  entryNames: 'scale-[name]',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  plugins: [
    {
      name: 'core',
      setup(builder) {
        builder.onResolve({ filter: /^@torv\/core\// }, ({ path }) => ({
          path: join(root, 'core/src', `${path.slice('@torv/core/'.length)}.ts`),
        }));
      },
    },
  ],
});
// The embedded database runs in a worker thread, which is looked for beside the bundle.
await build({
  entryPoints: [join(root, 'server/src/db/embedded-worker.ts')],
  outdir,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  alias: { '@torv/core/errors': join(root, 'core/src/errors.ts') },
});
const { main } = await import(pathToFileURL(join(outdir, 'scale-scale.js')).href);
await main(root, process.argv.slice(2));
