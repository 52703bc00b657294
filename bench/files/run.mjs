/**
 * What reading a large file of readings takes: node bench/files/run.mjs [megabytes, 200]
 * It bundles read.ts (Node 20 runs no TypeScript), which generates the file aside and removes it.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outdir = join(root, 'build/bench');
await build({
  entryPoints: [join(root, 'bench/files/read.ts')],
  outdir,
  entryNames: 'files-[name]',
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
const { main } = await import(pathToFileURL(join(outdir, 'files-read.js')).href);
await main(Number(process.argv[2] ?? 200));
