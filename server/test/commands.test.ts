/** The commands that an operator leans on: `torv doctor` says what is wrong, `torv demo remove` leaves the rest alone. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../src/access/port.ts';
import { startDemo } from '../src/demo/feed.ts';
import { demoCommand } from '../src/demo/remove-port.ts';
import { doctorCommand } from '../src/operations/doctor-port.ts';
import { createOrganisation, syncObservedProperties } from '../src/registry/organisation-store.ts';
import { syncShippedCodecs } from '../src/registry/shipped-codec-store.ts';
import type { Runtime } from '../src/runtime.ts';
import { createTestApp, type TestApp } from './app.ts';
import { DATABASE_KINDS, SILENT } from './database.ts';
import {
  addOrganisation,
  CODECS,
  DEVICE,
  findWrongStatistics,
  type TestOrganisation,
} from './ingest/town.ts';
import { found } from './people.ts';
import { HAS_SMALL_DISKS, openSmallDisk } from './small-disk.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe.each(DATABASE_KINDS)('commands on %s', (kind) => {
  let test: TestApp;
  let own: TestOrganisation;
  beforeAll(async () => {
    test = await createTestApp(kind);
    const { database, runtime } = test;
    await syncObservedProperties(database.sql);
    await syncShippedCodecs(database.sql, CODECS);
    own = await addOrganisation({
      database,
      sql: database.sql,
      decoder: runtime.decoder,
      deps: runtime.ingest,
      close: async () => undefined,
    });
    await own.claim(DEVICE);
    const now = new Date(test.now()).toISOString();
    await own.feed(
      own.hear({ networkTime: now, fCnt: 1 }),
      own.hear({ networkTime: now, fCnt: 2, payload: '0100d7' }),
    );
  });
  afterAll(() => test?.close());

  async function run(
    command: typeof doctorCommand | typeof demoCommand,
    args: readonly string[] = [],
    runtime: Partial<Runtime> = {},
  ) {
    const lines: string[] = [];
    const output = {
      line: (text: string) => void lines.push(text),
      error: (text: string) => void lines.push(text),
    };
    const code = await command.run({ runtime: { ...test.runtime, ...runtime }, args, output });
    return { code, text: lines.join('\n') };
  }

  describe('torv doctor', () => {
    it('says of a sound installation that nothing is wrong, and changes nothing', async () => {
      await found(test);
      const { code, text } = await run(doctorCommand);
      expect(text).toMatch(/^ok\s+Database: (Embedded database|PostgreSQL) 1\d.*, PostGIS 3/m);
      expect(text).toMatch(/^ok\s+Clock: Clocks agree$/m);
      expect(text).toMatch(/^ok\s+People: 1 administrators of the installation$/m);
      expect(text).toMatch(/^ok\s+Reach: Listens on this machine only$/m);
      expect(text).not.toContain('PROBLEM');
      expect(text.split('\n').at(-1)).toBe('Nothing is wrong.');
      expect(code).toBe(0);
      expect(await own.observations()).toHaveLength(3);
    });

    it('names each thing that is wrong, with the way out, and ends with 1', async () => {
      const { sql } = test.database;
      const [source] = await sql<{ id: number }[]>`
        INSERT INTO sources (organisation_id, name, kind, format) VALUES (${own.id}, 'Broker', 'mqtt', 'torv') RETURNING id`;
      await sql`
        INSERT INTO source_status (source_id, state, state_reason) VALUES (${Number(source?.id)}, 'refused', 'The password is wrong.')
        ON CONFLICT (source_id) DO UPDATE SET state = excluded.state, state_reason = excluded.state_reason`;
      await sql`UPDATE codecs SET quarantined_at = now(), quarantine_reason = 'It loops.' WHERE key = 'elsys/ems'`;
      await sql`INSERT INTO jobs (organisation_id, kind, state) VALUES (${own.id}, 'redecode', 'failed')`;
      await own.feed(own.hear({ networkTime: new Date(test.now()).toISOString(), fCnt: 3, payload: '09' }));
      await sql`UPDATE users SET disabled_at = now()`;
      const { code, text } = await run(doctorCommand, [], {
        config: { ...test.config, host: '0.0.0.0', publicUrl: undefined },
        now: () => test.now() + 60_000,
      });
      for (const finding of [
        /^PROBLEM\s+Clock: .* 60 s apart\.\n\s+-> Switch on time synchronisation/m,
        /^PROBLEM\s+Sources: 1 of \d+ sources do not reach their broker: Broker \(The password is wrong\.\)\n\s+-> /m,
        /^PROBLEM\s+Codecs: Switched off: elsys\/ems \(It loops\.\)\n\s+-> /m,
        /^PROBLEM\s+Reach: Torv listens on 0\.0\.0\.0 without TLS.*\n\s+-> /m,
        /^attention\s+Jobs: Failed in the last seven days: 1 redecode\n\s+-> /m,
        /^attention\s+Frames: .* 1 frames rejected in 24 hours\n\s+-> /m,
        /^attention\s+People: Nobody can administer this installation yet\.\n\s+-> /m,
      ])
        expect(text).toMatch(finding);
      expect([code, text.split('\n').at(-1)]).toEqual([1, '4 problems.']);
      await sql`UPDATE users SET disabled_at = NULL`;
    });

    it('tells what cannot be looked at, and looks at the rest', async () => {
      await test.database.sql`ALTER TABLE jobs RENAME TO jobs_aside`;
      const { code, text } = await run(doctorCommand);
      await test.database.sql`ALTER TABLE jobs_aside RENAME TO jobs`;
      expect(text).toMatch(/^PROBLEM\s+Jobs: This could not be looked at: .*jobs/m);
      expect(text).toMatch(/^ok\s+Reach: /m);
      expect(code).toBe(1);
    });

    const itOnSmallDisk = HAS_SMALL_DISKS ? it : () => undefined;
    itOnSmallDisk('sees that the disk is almost full', async () => {
      const disk = openSmallDisk(1_024);
      const { text } = await run(doctorCommand, [], { config: { ...test.config, dataDir: disk.folder } });
      disk.remove();
      expect(text).toMatch(/^PROBLEM\s+Disk: 0\.0 GB free in .*\n\s+-> Make room/m);
    });

    const itAlone = kind === 'postgresql' ? it : () => undefined;
    itAlone(
      'runs from the command line beside nothing else',
      async () => {
        const running = promisify(execFile)(process.execPath, [join(ROOT, 'server/bin/torv.js'), 'doctor'], {
          cwd: ROOT,
          env: {
            ...{ PATH: process.env.PATH, HOME: process.env.HOME },
            ...{ TORV_DATA: test.database.dataDir, TORV_DATABASE_URL: test.database.url },
          },
        });
        // of the findings above some are still there
        const said = await running.catch((error: { stdout: string; code: number }) => error);
        expect(said.stdout).toMatch(/^PROBLEM\s+Codecs: Switched off: elsys\/ems/m);
        expect('code' in said ? said.code : 0).toBe(1);
      },
      120_000,
    );
  });

  describe('torv demo', () => {
    it('without "remove" only says how it is used, and without a demo town that there is none', async () => {
      expect(await run(demoCommand, [])).toMatchObject({
        code: 2,
        text: expect.stringContaining('torv demo remove'),
      });
      await expect(run(demoCommand, ['remove'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('remove takes the demo town away while it is fed, and leaves everything else as it was', async () => {
      const { sql } = test.database;
      const other = await sql.begin((tx) =>
        createOrganisation(tx, SYSTEM, {
          ...{ slug: 'other', name: 'Other', country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' },
        }),
      );
      const tables = await sql<{ name: string }[]>`
        SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('spatial_ref_sys', 'migrations', 'audit')
        ORDER BY 1`;
      const count = async (): Promise<Record<string, number>> => {
        const counts: Record<string, number> = {};
        for (const { name } of tables) {
          const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM ${sql(name)}`;
          counts[name] = row?.n ?? 0;
        }
        return counts;
      };
      const before = { counts: await count(), own: await own.observations(), frames: await own.uplinks() };
      const demo = await startDemo({
        sql,
        batcher: test.runtime.batcher,
        log: SILENT,
        now: test.now,
        progress: () => undefined,
      });
      test.runtime.background.set('demo', demo);
      await demo.ready;
      const grown = await count();
      expect(grown.uplinks).toBeGreaterThan(1_000);
      expect(grown.observations).toBeGreaterThan(3_000);

      const { code, text } = await run(demoCommand, ['remove']);
      expect(code).toBe(0);
      expect(text).toMatch(/^Removed .*: [\d,]+ frames and [\d,]+ readings\.$/);
      expect(test.runtime.background.has('demo')).toBe(false);
      // kept from before: what everybody shares; gone: every row that came with the demo
      expect(await count()).toEqual(before.counts);
      expect(await own.observations()).toEqual(before.own);
      expect(await own.uplinks()).toEqual(before.frames);
      expect(await findWrongStatistics(sql, own.id)).toEqual([]);
      const organisations =
        await sql`SELECT id FROM organisations WHERE id = ANY(${[own.id, other.id]}::bigint[])`;
      expect(organisations).toHaveLength(2);
      const [audit] =
        await sql`SELECT action, before->>'kind' AS kind FROM audit WHERE entity = 'organisation' ORDER BY id DESC LIMIT 1`;
      expect(audit).toEqual({ action: 'delete', kind: 'demo' });
      await expect(run(demoCommand, ['remove'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }, 180_000);
  });
});
