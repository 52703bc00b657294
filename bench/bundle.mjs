/** Node 20 runs no TypeScript: a benchmark is bundled with what it measures, then loaded. */
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'build/bench');

const CORE = {
  name: 'core',
  setup(builder) {
    builder.onResolve({ filter: /^@torv\/core\// }, ({ path }) => ({
      path: join(ROOT, 'core/src', `${path.slice('@torv/core/'.length)}.ts`),
    }));
  },
};

/** @param source path from the root. @returns what the module exports; the database's worker lies beside it */
export async function loadBench(source) {
  await build({
    entryPoints: [join(ROOT, source), join(ROOT, 'server/src/db/embedded-worker.ts')],
    outdir: OUT,
    entryNames: '[name]',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    plugins: [CORE],
  });
  return import(pathToFileURL(join(OUT, `${basename(source, '.ts')}.js`)).href);
}
