/** Memory and processor time of everything that an import does before the database: decode, cut, map, sum up. */
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseReadingsMapping } from '../../core/src/files/readings-mapping.ts';
import { createRowReader } from '../../core/src/files/readings-row.ts';
import { createSummary } from '../../core/src/files/readings-summary.ts';
import { detectFile } from '../../server/src/operations/files/detect.ts';
import { openTableFile } from '../../server/src/operations/files/table-file.ts';

const MB = 1024 * 1024;

function* generate(bytes: number): Generator<string> {
  yield 'time;room;co2;temp\n';
  let done = 0;
  for (let row = 0; done < bytes; ) {
    let text = '';
    for (let i = 0; i < 1000; i++, row++) {
      const at = new Date(Date.UTC(2020, 0, 1) + row * 60_000).toISOString().slice(0, 19).replace('T', ' ');
      text += `${at};room ${row % 7};${400 + (row % 900)};${20 + (row % 50) / 10}\n`.replace('.', ',');
    }
    done += text.length;
    yield text;
  }
}

export async function main(megabytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'torv-bench-'));
  const path = join(folder, 'readings.csv');
  try {
    await pipeline(Readable.from(generate(megabytes * MB)), createWriteStream(path));
    const detected = await detectFile(path);
    const mapping = parseReadingsMapping({
      ...detected,
      time: { columns: ['time'], form: 'iso', timeZone: 'Europe/Copenhagen' },
      place: { column: 'room' },
      columns: [
        { column: 'co2', property: 'co2' },
        { column: 'temp', property: 'air_temperature' },
      ],
    });
    const file = await openTableFile(path, { ...detected, ...mapping });
    const reader = createRowReader(mapping, file.header, (text) => Number(text.slice(5)) + 1);
    const summary = createSummary(file.header, reader.roles);
    const before = process.memoryUsage.rss();
    const cpu = process.cpuUsage();
    let most = before;
    let rows = 0;
    for await (const row of file.rows()) {
      if ('fault' in row) continue;
      summary.add(row.line, row.cells, reader.read(row.cells));
      rows += 1;
      if (rows % 50_000 === 0) most = Math.max(most, process.memoryUsage.rss());
    }
    const { user, system } = process.cpuUsage(cpu);
    const found = summary.finish();
    const seconds = (user + system) / 1e6;
    console.log(
      `${(statSync(path).size / MB).toFixed(0)} MB, ${rows.toLocaleString('en')} lines, ${found.readings.toLocaleString('en')} readings, ${found.badLines} bad lines`,
    );
    console.log(
      `processor time ${seconds.toFixed(1)} s (${Math.round(rows / seconds).toLocaleString('en')} lines/s)`,
    );
    console.log(
      `resident memory ${(before / MB).toFixed(0)} MB before, ${(most / MB).toFixed(0)} MB at most`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
