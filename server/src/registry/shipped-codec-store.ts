/** The codecs that come with Torv, read from codecs/<vendor>/ at each start; what is unchanged is left alone. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCodecModel } from '@torv/core/codec-model';
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import { installCodec } from './codec-store.ts';

/** @returns how many codecs got a new version */
export async function syncShippedCodecs(sql: Sql, folder: string): Promise<number> {
  const [system] = await sql<{ id: number }[]>`SELECT id FROM organisations WHERE kind = 'system'`;
  if (!system) throw new Error('The database has no system organisation');
  let added = 0;
  await sql.begin(async (tx) => {
    for (const vendor of (await readdir(folder, { withFileTypes: true })).filter((entry) =>
      entry.isDirectory(),
    )) {
      const names = (await readdir(join(folder, vendor.name))).filter(
        (name) => name.endsWith('.json') && !name.endsWith('.vectors.json'),
      );
      for (const name of names.sort()) {
        const base = join(folder, vendor.name, name.slice(0, -'.json'.length));
        const model = parseCodecModel(JSON.parse(await readFile(`${base}.json`, 'utf8')));
        const script = await readFile(join(folder, vendor.name, model.script), 'utf8');
        const vectors = JSON.parse(await readFile(`${base}.vectors.json`, 'utf8')) as unknown[];
        const { key, vendor: maker, model: modelName, title, ...description } = model;
        const { added: isNew } = await installCodec(tx, SYSTEM, system.id, 'shipped', {
          key,
          vendor: maker,
          model: modelName,
          title,
          script,
          description,
          vectors,
        });
        if (isNew) added++;
      }
    }
  });
  return added;
}
