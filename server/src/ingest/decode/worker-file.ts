/**
 * Where the compiled decode worker lies. In production it is an output of the build beside the server's; when the
 * server runs from its sources (the tests), it is built once into build/. Swap this one function for a general one.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NAME = 'decode-worker';
let building: Promise<URL> | undefined;

export async function findDecodeWorker(): Promise<URL> {
  const here = fileURLToPath(import.meta.url);
  if (!here.endsWith('.ts')) return new URL(`./${NAME}.js`, import.meta.url);
  building ??= buildFromSource(dirname(here));
  return building;
}

async function buildFromSource(folder: string): Promise<URL> {
  const { build } = await import('esbuild');
  const root = join(folder, '../../../..');
  const target = join(root, 'build/sources', `${NAME}.js`);
  mkdirSync(dirname(target), { recursive: true });
  const own = `${target}.${process.pid}.js`;
  await build({
    entryPoints: [join(folder, `${NAME}.ts`)],
    outfile: own,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
  });
  // Several test processes may build at once: each moves a whole file into place.
  renameSync(own, target);
  if (!existsSync(target)) throw new Error(`${target} was not built`);
  return pathToFileURL(target);
}
