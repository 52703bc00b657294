import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HAS_SMALL_DISKS, openSmallDisk } from '../../test/small-disk.ts';
import { openSpool, type Spool } from './spool.ts';

let directory: string;
const opened: Spool[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'torv-spool-'));
});
afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close();
  rmSync(directory, { recursive: true, force: true });
});

async function spoolIn(
  folder: string,
  options: { maxBytes?: number; segmentBytes?: number } = {},
): Promise<Spool> {
  const spool = await openSpool({ directory: folder, ...options });
  opened.push(spool);
  return spool;
}

const texts = (...all: string[]) => all.map((text) => Buffer.from(text));

async function drained(spool: Spool): Promise<string[]> {
  const all: string[] = [];
  await spool.drain(async (records) => void all.push(...records.map((record) => record.toString())));
  return all;
}

const files = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.spool'));

describe('the spool', () => {
  it('gives back in order what was appended, once, and leaves no file behind', async () => {
    const spool = await spoolIn(directory, { segmentBytes: 64 });
    for (let i = 0; i < 30; i++) await spool.append(texts(`a${i}`, `b${i}`));
    expect(spool.state.waiting).toBe(60);
    expect(files(directory).length).toBeGreaterThan(3);
    const expected = Array.from({ length: 30 }, (_, i) => [`a${i}`, `b${i}`]).flat();
    expect(await drained(spool)).toEqual(expected);
    expect(await drained(spool)).toEqual([]);
    expect(files(directory)).toEqual([]);
    expect(spool.state).toMatchObject({ waiting: 0, bytes: 0 });
    await spool.append(texts('again'));
    expect(await drained(spool)).toEqual(['again']);
  });

  it('keeps what take refused and begins there the next time', async () => {
    const spool = await spoolIn(directory);
    await spool.append(Array.from({ length: 1_200 }, (_, i) => Buffer.from(String(i))));
    const seen: string[] = [];
    let calls = 0;
    const draining = spool.drain(async (records) => {
      if (++calls === 2) throw new Error('the database is away');
      seen.push(...records.map(String));
    });
    await expect(draining).rejects.toThrow('away');
    await spool.close();
    const again = await spoolIn(directory);
    expect(again.state.waiting).toBe(1_200 - seen.length);
    seen.push(...(await drained(again)));
    expect(seen).toEqual(Array.from({ length: 1_200 }, (_, i) => String(i)));
  });

  it('takes what is appended while it is drained', async () => {
    const spool = await spoolIn(directory, { segmentBytes: 256 });
    const appending = (async () => {
      for (let i = 0; i < 200; i++) await spool.append(texts(String(i)));
    })();
    const seen: string[] = [];
    while (seen.length < 200) {
      seen.push(...(await drained(spool)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await appending;
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
  });

  it('survives a cut at any byte with every whole record before it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        async (records, cut) => {
          const folder = mkdtempSync(join(directory, 'cut-'));
          const spool = await openSpool({ directory: folder });
          await spool.append(records.map((record) => Buffer.from(record)));
          await spool.close();
          const [name = ''] = files(folder);
          const size = readFileSync(join(folder, name)).length;
          const left = cut % (size + 1);
          truncateSync(join(folder, name), left);
          let whole = 0;
          for (let bytes = 0; whole < records.length; whole++) {
            bytes += 8 + (records[whole]?.length ?? 0);
            if (bytes > left) break;
          }
          const again = await openSpool({ directory: folder });
          await again.append([Buffer.from('after')]);
          const seen: Buffer[] = [];
          await again.drain(async (batch) => void seen.push(...batch.map((each) => Buffer.from(each))));
          await again.close();
          expect(seen).toEqual([
            ...records.slice(0, whole).map((each) => Buffer.from(each)),
            Buffer.from('after'),
          ]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('cuts off a tail of zeros and a record with one wrong bit', async () => {
    const spool = await spoolIn(directory);
    await spool.append(texts('one', 'two'));
    await spool.close();
    const [name = ''] = files(directory);
    const path = join(directory, name);
    appendFileSync(path, Buffer.alloc(100));
    const again = await spoolIn(directory);
    expect(again.state.waiting).toBe(2);
    await again.close();
    const bytes = readFileSync(path);
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(await drained(await spoolIn(directory))).toEqual(['one']);
  });

  it('sets a damaged segment aside and goes on with the next', async () => {
    const spool = await spoolIn(directory, { segmentBytes: 20 });
    for (const text of ['first-record-here', 'second-record-here', 'third-record-here'])
      await spool.append(texts(text));
    await spool.close();
    const path = join(directory, files(directory)[1] ?? '');
    const bytes = readFileSync(path);
    bytes[12] = (bytes[12] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
    const again = await spoolIn(directory, { segmentBytes: 20 });
    expect(await drained(again)).toEqual(['first-record-here', 'third-record-here']);
    expect(again.state.damaged).toBe(1);
  });

  it('says that it is full, and takes again when it was drained', async () => {
    const spool = await spoolIn(directory, { maxBytes: 1_000, segmentBytes: 200 });
    const record = Buffer.alloc(92, 'x');
    for (let i = 0; i < 10; i++) await spool.append([record]);
    await expect(spool.append([record])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: expect.stringMatching(/^The spool is full: /),
    });
    expect(spool.state.waiting).toBe(10);
    expect((await drained(spool)).length).toBe(10);
    await spool.append([record]);
    expect((await drained(spool)).length).toBe(1);
  });

  it('says that the disk is full, keeps what it had, and goes on when there is room', async () => {
    const spool = await spoolIn(directory);
    await spool.append(texts('before'));
    await spool.close();
    const [first = ''] = files(directory);
    // The kernel's own full disk stands in for the file that would be written next.
    expect(existsSync('/dev/full')).toBe(true);
    const second = join(directory, `${String(Number.parseInt(first, 10) + 1).padStart(12, '0')}.spool`);
    symlinkSync('/dev/full', second);
    const again = await spoolIn(directory);
    await expect(again.append(texts('lost'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      detail: 'The spool is full: the disk has no space left.',
    });
    await again.append(texts('after'));
    expect(await drained(again)).toEqual(['before', 'after']);
  });

  const itOnSmallDisk = HAS_SMALL_DISKS ? it : () => undefined;
  itOnSmallDisk(
    'on a disk that fills up keeps every acknowledged record, and empties itself without room',
    async () => {
      const disk = openSmallDisk(256);
      try {
        const folder = join(disk.folder, 'spool');
        const spool = await openSpool({ directory: folder, segmentBytes: 32 * 1024 });
        const acknowledged: string[] = [];
        const refused: string[] = [];
        const append = async (name: string) => {
          const outcome = await spool.append(texts(name.padEnd(1_000, '.'))).then(
            () => acknowledged,
            (error: unknown) => {
              expect(error).toMatchObject({ detail: 'The spool is full: the disk has no space left.' });
              return refused;
            },
          );
          outcome.push(name);
        };
        for (let n = 0; refused.length < 20; n += 3)
          await Promise.all([n, n + 1, n + 2].map((i) => append(`${n}-${i}`)));
        disk.fill();
        await append('still full');
        expect(acknowledged.length).toBeGreaterThan(100);
        expect(spool.state.waiting).toBe(acknowledged.length);
        await spool.close();

        const again = await openSpool({ directory: folder, segmentBytes: 32 * 1024 });
        const seen: string[] = [];
        const take = async (records: readonly Buffer[]) =>
          void seen.push(...records.map((record) => record.toString().replace(/\.+$/, '')));
        // Somebody else takes at once what room there is.
        expect(await again.drain(async (records) => take(records).finally(() => disk.fill()))).toBe(
          acknowledged.length,
        );
        expect(seen).toEqual(acknowledged);
        expect(files(folder)).toEqual([]);
        disk.makeRoom();
        await again.append(texts('after'));
        expect(await drained(again)).toEqual(['after']);
        await again.close();
      } finally {
        disk.remove();
      }
    },
  );

  it('shares one fsync among appends that come together', async () => {
    const spool = await spoolIn(directory);
    const done: number[] = [];
    await Promise.all(
      Array.from({ length: 2_000 }, (_, i) => spool.append(texts(String(i))).then(() => done.push(i))),
    );
    expect(done).toHaveLength(2_000);
    expect(spool.state.syncs).toBeLessThan(20);
    expect(await drained(spool)).toEqual(Array.from({ length: 2_000 }, (_, i) => String(i)));
  });

  it('has every acknowledged record after a SIGKILL at a random moment', async () => {
    const script = join(directory, 'writer.mjs');
    const here = fileURLToPath(new URL('./spool.ts', import.meta.url));
    await build({
      stdin: {
        contents: `import { openSpool } from ${JSON.stringify(here)};
          const spool = await openSpool({ directory: process.argv[2], segmentBytes: 4096 });
          let n = Number(process.argv[3]);
          const loop = async () => { for (;;) { const mine = n++; await spool.append([Buffer.from(String(mine))]); process.stdout.write(mine + '\\n'); } };
          await Promise.all([loop(), loop(), loop(), loop()]);`,
        resolveDir: directory,
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
      nodePaths: [fileURLToPath(new URL('../../../node_modules', import.meta.url))],
    });
    const folder = join(directory, 'killed');
    const acknowledged = new Set<string>();
    let next = 0;
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [script, folder, String(next)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let heard = '';
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (text: Buffer) => {
          heard += text.toString();
          if (heard.length > 200 + round * 777) child.kill('SIGKILL');
        });
        child.once('close', () => resolve());
      });
      for (const line of heard.split('\n').slice(0, -1)) acknowledged.add(line);
      next += 1_000_000;
    }
    const seen = await drained(await spoolIn(folder));
    expect(acknowledged.size).toBeGreaterThan(50);
    expect([...acknowledged].filter((line) => !seen.includes(line))).toEqual([]);
    expect(new Set(seen).size).toBe(seen.length);
  });
});
