import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { guardRoutes } from '../access/guard.ts';
import { ANONYMOUS } from '../access/port.ts';
import { parseConfig } from '../config.ts';
import type { Sql } from '../db/database.ts';
import { createHttp } from '../http/server.ts';
import { registerSensorThings } from './routes.ts';

const nothing = undefined as unknown as Sql;

/** The landing page asks no database. */
async function askRoot(env: Record<string, string>, headers: Record<string, string>): Promise<string> {
  const config = parseConfig(env);
  const app = await createHttp(config, pino({ level: 'silent' }));
  guardRoutes(app, async () => ANONYMOUS);
  registerSensorThings(app, { database: { sql: nothing, boundedSql: nothing }, config });
  const answer = await app.inject({ url: '/sta/v1.1', headers });
  await app.close();
  return (answer.json() as { value: { url: string }[] }).value[0]?.url ?? '';
}

describe('the addresses in an answer', () => {
  it('are those that the visitor used', async () => {
    expect(await askRoot({}, { host: 'sensors.example:8080' })).toBe(
      'http://sensors.example:8080/sta/v1.1/Things',
    );
  });

  it('are those in front of a proxy, where proxies are trusted', async () => {
    const headers = {
      host: '10.0.0.1:8080',
      'x-forwarded-host': 'town.example',
      'x-forwarded-proto': 'https',
    };
    expect(await askRoot({ TORV_TRUST_PROXY: 'true' }, headers)).toBe('https://town.example/sta/v1.1/Things');
    expect(await askRoot({}, headers)).toBe('http://10.0.0.1:8080/sta/v1.1/Things');
  });

  it('are the configured ones before all others', async () => {
    const env = { TORV_PUBLIC_URL: 'https://torv.example.org/' };
    expect(await askRoot(env, { host: 'elsewhere.example' })).toBe(
      'https://torv.example.org/sta/v1.1/Things',
    );
  });
});
