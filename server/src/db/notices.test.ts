/** A connection that listens and hears nothing any more is found out, as behind a pooler that hands connections round. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, DATABASE_KINDS, SILENT, type TestDatabase } from '../../test/database.ts';
import { until } from '../../test/until.ts';
import { openNoticeLine } from './notices.ts';
import { openServerStream, parseServerAddress } from './server-stream.ts';

describe.runIf(DATABASE_KINDS.includes('postgresql'))('notices on PostgreSQL', () => {
  let here: TestDatabase;
  let elsewhere: TestDatabase;
  beforeAll(async () => {
    here = await createTestDatabase('postgresql');
    elsewhere = await createTestDatabase('postgresql');
  });
  afterAll(async () => {
    await here?.drop();
    await elsewhere?.drop();
  });

  function open(saidAt: TestDatabase, echoMs: number) {
    const address = parseServerAddress(here.url ?? '');
    const heard: string[] = [];
    const ups: (number | undefined)[] = [];
    const warned: string[] = [];
    const line = openNoticeLine(
      {
        sql: saidAt.sql,
        echoMs,
        url: address.driverUrl,
        open: () => openServerStream(address),
        log: { ...SILENT, warn: (_fields: object, text: string) => void warned.push(text) },
      },
      { onNotice: (text) => void heard.push(text), onUp: (gapMs) => void ups.push(gapMs) },
    );
    return { line, heard, ups, warned };
  }

  it('come back in their order, as long as a notice may be', async () => {
    const { line, heard, ups, warned } = open(here, 60_000);
    await until(() => ups.length > 0);
    const texts = Array.from({ length: 100 }, (_, i) => JSON.stringify([i, '\\"å€', 'x'.repeat(7_800)]));
    await line.send(texts);
    await until(() => heard.length === texts.length);
    expect(heard).toEqual(texts);
    await line.close();
    expect([ups, warned]).toEqual([[undefined], []]);
  });

  it('that do not come back open the connection anew, and the log says why', async () => {
    const { line, heard, ups, warned } = open(elsewhere, 20);
    await until(() => ups.length > 0);
    await until(async () => {
      await line.send(['{}']);
      return ups.length > 1;
    });
    expect(ups[1]).toBeGreaterThan(0);
    expect(warned.join()).toContain('does not come back');
    expect(heard).toEqual([]);
    await line.close();
  });
});
