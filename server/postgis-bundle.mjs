/**
 * The embedded database's PostGIS without what Torv never asks for: raster, topology and the geocoder are two thirds of
 * the package, and all of it is unpacked and compiled at every start. Kept are the types, the functions, the projections
 * and the ways from older versions. It never changes a file's content.
 */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const BLOCK_BYTES = 512;
const LEFT_OUT = /(^|\/)postgis_(raster|topology|tiger_geocoder)\b|\/contrib\/|--unpackaged--/;

/** Of a tar archive the files whose names are not left out. */
function trim(tar) {
  const kept = [];
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const sizeBytes = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    const type = tar.toString('latin1', at + 156, at + 157);
    // Files, links and folders. A name too long for its field would stand in an entry of its own; there is none.
    if (!['0', '1', '2', '5'].includes(type))
      throw new Error(`PostGIS has an entry of type ${type}: ${name}`);
    const end = at + BLOCK_BYTES * (1 + Math.ceil(sizeBytes / BLOCK_BYTES));
    if (!LEFT_OUT.test(name)) kept.push(tar.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** Makes `outDir`/postgis.tar.gz unless it is there and newer than what it is made of. */
export function writePostgisBundle(outDir) {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite-postgis');
  const whole = join(dirname(entry), 'postgis.tar.gz');
  const file = join(outDir, 'postgis.tar.gz');
  const sources = [whole, fileURLToPath(import.meta.url)];
  if (existsSync(file) && sources.every((source) => statSync(source).mtimeMs < statSync(file).mtimeMs))
    return;
  const aside = `${file}.${process.pid}`;
  // Little compressed: it is read at every start and never sent anywhere.
  writeFileSync(aside, gzipSync(trim(gunzipSync(readFileSync(whole))), { level: 1 }));
  renameSync(aside, file);
}
