/**
 * Makes build/web when it is older than its sources; used by `torv serve`, so that `npm start` shows what the
 * sources say. Built aside and moved into place: a running server never serves half a build.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const webDir = dirname(fileURLToPath(import.meta.url));
const root = dirname(webDir);
const outDir = join(root, 'build/web');
const stampFile = join(root, 'build/.web-stamp');

function fingerprint() {
  const folders = [join(webDir, 'src'), join(webDir, 'public'), join(root, 'core/src')].filter(existsSync);
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
  );
  return [
    ...files,
    join(webDir, 'index.html'),
    join(webDir, 'vite.config.ts'),
    join(root, 'package-lock.json'),
  ]
    .sort()
    .map((file) => {
      const { size, mtimeMs } = statSync(file);
      return `${relative(root, file)} ${size} ${mtimeMs}`;
    })
    .join('\n');
}

/** @returns true when something was built, false when it was fresh already */
export async function buildWeb(say = () => undefined) {
  const wanted = fingerprint();
  if (
    existsSync(join(outDir, 'index.html')) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === wanted
  )
    return false;
  say('Building the web application');
  const { build } = await import('vite');
  const aside = join(root, 'build', `web.${process.pid}`);
  try {
    await build({ root: webDir, logLevel: 'warn', build: { outDir: aside, emptyOutDir: true } });
    rmSync(outDir, { recursive: true, force: true });
    renameSync(aside, outDir);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  writeFileSync(stampFile, wanted);
  return true;
}
