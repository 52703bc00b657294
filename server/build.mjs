/**
 * Makes build/server/*.js out of the TypeScript sources: main.ts and every *-worker.ts, each one file; beside them the
 * part of PostGIS that the embedded database loads.
 * Fast when nothing changed: it compares the newest source with the stamp of the last build.
 * It never type-checks (npm run types does) and never bundles npm packages.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writePostgisBundle } from './postgis-bundle.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sourceDir = join(root, 'server/src');
const coreDir = join(root, 'core/src');
const outDir = join(root, 'build/server');
const stampFile = join(outDir, '.stamp');

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Names, sizes and times of every source, so that a removed file counts as a change too. */
function fingerprint(files) {
  return files
    .map((file) => {
      const { size, mtimeMs } = statSync(file);
      return `${relative(root, file)} ${size} ${mtimeMs}`;
    })
    .join('\n');
}

/** The pure core is a workspace in TypeScript: it must be bundled although packages stay outside. */
const bundleCore = {
  name: 'bundle-core',
  setup(build) {
    build.onResolve({ filter: /^@torv\/core\// }, ({ path }) => ({
      path: join(coreDir, `${path.slice('@torv/core/'.length)}.ts`),
    }));
  },
};

/** @returns true when something was built, false when it was fresh already */
export async function build() {
  mkdirSync(outDir, { recursive: true });
  writePostgisBundle(outDir);
  const sources = filesBelow(sourceDir);
  const wanted = fingerprint([fileURLToPath(import.meta.url), ...sources, ...filesBelow(coreDir)]);
  try {
    if (readFileSync(stampFile, 'utf8') === wanted) return false;
  } catch {
    // never built
  }
  const entryPoints = sources.filter(
    (file) => file === join(sourceDir, 'main.ts') || file.endsWith('-worker.ts'),
  );
  const names = entryPoints.map((file) => basename(file));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Error(`Two entry points are named ${twice}; the output is one flat folder.`);
  const { build: bundle } = await import('esbuild');
  // Built aside and moved file by file: a server or a test that starts meanwhile never reads half a file.
  const asideDir = join(root, 'build', `server.${process.pid}`);
  try {
    await bundle({
      entryPoints,
      outdir: asideDir,
      entryNames: '[name]',
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: true,
      logLevel: 'warning',
      absWorkingDir: root,
      plugins: [bundleCore],
    });
    for (const file of readdirSync(asideDir)) renameSync(join(asideDir, file), join(outDir, file));
  } finally {
    rmSync(asideDir, { recursive: true, force: true });
  }
  writeFileSync(stampFile, wanted);
  return true;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const startedMs = Date.now();
  const built = await build();
  console.log(built ? `Built build/server in ${Date.now() - startedMs} ms` : 'build/server is up to date');
}
