import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../../../test/app.ts';
import { DATABASE_KINDS } from '../../../test/database.ts';
import { type Answer, ask, type Founded, found, join as joinAs, type Person } from '../../../test/people.ts';
import { syncObservedProperties } from '../../registry/organisation-store.ts';
import { removeOldUploads } from './uploads.ts';

describe.each(DATABASE_KINDS)('files over HTTP, %s', (kind) => {
  let test: TestApp;
  let first: Founded;
  let viewer: Person;
  let placeId: number;
  const folder = mkdtempSync(join(tmpdir(), 'torv-uploads-'));

  beforeAll(async () => {
    test = await createTestApp(kind, { env: { TORV_DATA: folder } });
    await syncObservedProperties(test.database.sql);
    first = await found(test);
    viewer = await joinAs(test, first.session, first.organisationId, 'viewer', 'viewer@skaering.example');
    const place = await ask(test, 'POST', `/api/v1/places?organisation=${first.organisationId}`, {
      session: first.session,
      body: { name: '=Room', kind: 'point', externalRef: 'R1' },
    });
    placeId = (place.body as { id: number }).id;
  }, 180_000);
  afterAll(async () => {
    await test?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function upload(text: string | Buffer, session = first.session): Promise<Answer> {
    return ask(test, 'POST', `/api/v1/imports?organisation=${first.organisationId}&name=a.csv`, {
      session,
      headers: { 'content-type': 'text/csv' },
      body: text,
    });
  }

  async function confirm(id: unknown, body: object): Promise<Answer> {
    const answer = await ask(test, 'POST', `/api/v1/imports/${String(id)}/confirm`, {
      session: first.session,
      body,
    });
    expect(answer.status).toBe(202);
    for (;;) {
      const now = await ask(test, 'GET', `/api/v1/imports/${String(id)}`, { session: first.session });
      if (now.body.state !== 'running') return now;
      await sleep(50);
    }
  }

  it('uploads, recognises, previews, confirms once and reports', async () => {
    const made = await upload('tid;temp\n2026-01-01 10:00;20,5\n2026-01-01 10:10;20,7\n2026-01-01 10:20;x\n');
    expect(made.status).toBe(201);
    expect(made.body.detected).toMatchObject({
      delimiter: ';',
      decimal: ',',
      header: ['tid', 'temp'],
      encoding: 'utf-8',
    });
    const mapping = {
      time: { columns: ['tid'], form: 'iso', timeZone: 'Europe/Copenhagen' },
      place: { placeId },
      columns: [{ column: 'temp', property: 'air_temperature' }],
    };
    const preview = await ask(test, 'POST', `/api/v1/imports/${String(made.body.id)}/preview`, {
      session: first.session,
      body: { kind: 'readings', mapping },
    });
    expect(preview.body).toMatchObject({ rows: 3, readings: 2, badLines: 1 });
    expect(await confirm(made.body.id, { kind: 'readings', mapping, leaveOutBad: false })).toMatchObject({
      body: { state: 'failed', report: { code: 'BAD_FILE', at: 'line 4' } },
    });
    expect(await confirm(made.body.id, { kind: 'readings', mapping, leaveOutBad: true })).toMatchObject({
      body: { state: 'done', report: { written: 2, badLines: 1 } },
    });
    expect(await confirm(made.body.id, { kind: 'readings', mapping, leaveOutBad: true })).toMatchObject({
      body: { state: 'done', report: { written: 0, alreadyThere: 2 } },
    });
  });

  it('exports what it takes back: the same file again writes nothing new', async () => {
    const out = await ask(test, 'GET', `/api/v1/export/readings?organisation=${first.organisationId}`, {
      session: viewer.session,
    });
    expect(out.text).toBe(
      'time,place,place_name,property,unit,value,channel,sensor,quality\r\n' +
        "2026-01-01T09:00:00Z,R1,'=Room,air_temperature,Cel,20.5,0,Imported,imported\r\n" +
        "2026-01-01T09:10:00Z,R1,'=Room,air_temperature,Cel,20.7,0,Imported,imported\r\n",
    );
    const made = await upload(out.text);
    const mapping = {
      time: { columns: ['time'], form: 'iso' },
      place: { column: 'place' },
      sensor: { column: 'sensor' },
      long: {
        propertyColumn: 'property',
        valueColumn: 'value',
        unitColumn: 'unit',
        channelColumn: 'channel',
      },
    };
    expect(await confirm(made.body.id, { kind: 'readings', mapping, leaveOutBad: false })).toMatchObject({
      body: { state: 'done', report: { written: 0, alreadyThere: 2 } },
    });
    const ndjson = await ask(
      test,
      'GET',
      `/api/v1/export/readings?organisation=${first.organisationId}&format=ndjson&from=2026-01-01T09:10:00Z`,
      { session: viewer.session },
    );
    expect(JSON.parse(ndjson.text)).toMatchObject({
      time: '2026-01-01T09:10:00Z',
      value: 20.7,
      place_name: '=Room',
    });
  });

  it('exports places that import as the same, formulas made harmless', async () => {
    const out = await ask(test, 'GET', `/api/v1/export/places?organisation=${first.organisationId}`, {
      session: viewer.session,
    });
    expect(out.text).toContain("R1,'=Room,point");
    const made = await upload(out.text);
    expect(await confirm(made.body.id, { kind: 'places', leaveOutBad: false })).toMatchObject({
      body: { state: 'done', report: { added: 0, changed: 0, same: 1 } },
    });
  });

  it('shows uploads to editors of the organisation alone, and exports to members alone', async () => {
    const made = await upload('a,b\n1,2\n');
    expect((await upload('a,b\n1,2\n', viewer.session)).status).toBe(403);
    expect(
      (await ask(test, 'GET', `/api/v1/imports/${String(made.body.id)}`, { session: viewer.session })).status,
    ).toBe(403);
    for (const url of [
      `/api/v1/export/readings?organisation=${first.organisationId}`,
      `/api/v1/export/devices?organisation=${first.organisationId}`,
    ]) {
      expect((await ask(test, 'GET', url)).status).toBe(401);
      expect((await ask(test, 'GET', url, { session: viewer.session })).status).toBe(200);
    }
    expect(
      (await ask(test, 'GET', '/api/v1/export/readings?organisation=999', { session: viewer.session }))
        .status,
    ).toBe(404);
    expect(
      (
        await ask(test, 'POST', '/api/v1/imports?organisation=999', {
          session: first.session,
          headers: { 'content-type': 'text/csv' },
          body: 'a',
        })
      ).status,
    ).toBe(404);
  });

  it('refuses what is no table with a sentence and keeps nothing of it', async () => {
    const before = readdirSync(join(folder, 'imports')).length;
    const answer = await upload(Buffer.from([0x50, 0x4b, 3, 4, 1, 2, 3]));
    expect(answer).toMatchObject({ status: 400, body: { code: 'BAD_FILE' } });
    expect(readdirSync(join(folder, 'imports'))).toHaveLength(before);
    const wrong = await upload('a,b\n1,2\n');
    const preview = await ask(test, 'POST', `/api/v1/imports/${String(wrong.body.id)}/preview`, {
      session: first.session,
      body: {
        kind: 'readings',
        mapping: {
          time: { columns: ['zeit'] },
          place: { placeId },
          columns: [{ column: 'b', property: 'co2' }],
        },
      },
    });
    expect(preview).toMatchObject({ status: 400, body: { code: 'BAD_FILE', at: '/mapping/time/columns/0' } });
  });

  it('removes uploads after a day', async () => {
    const imports = join(folder, 'imports');
    for (const name of readdirSync(imports)) utimesSync(join(imports, name), new Date(0), new Date(0));
    expect(await removeOldUploads(imports, Date.now())).toBeGreaterThan(0);
    expect(readdirSync(imports)).toHaveLength(0);
  });
});
