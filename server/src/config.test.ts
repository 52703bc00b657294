import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.ts';

describe('parseConfig', () => {
  it('has safe defaults: loopback, the embedded database, all roles', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir: './data',
      mqttPort: 1883,
      mqttPortConfigured: false,
    });
    expect([...config.roles].sort()).toEqual(['api', 'ingest', 'worker']);
    expect(config.databaseUrl).toBeUndefined();
  });

  it('refuses a misspelt setting instead of leaving it without effect', () => {
    expect(() => parseConfig({ TORV_PROT: '80' })).toThrow('There is no setting TORV_PROT');
  });

  it.each([
    [{ TORV_PORT: '70000' }, 'TORV_PORT'],
    [{ TORV_PORT: 'http' }, 'TORV_PORT'],
    [{ TORV_TRUST_PROXY: 'yes' }, 'TORV_TRUST_PROXY'],
    [{ TORV_ROLES: 'api,cook', TORV_DATABASE_URL: 'postgres://x/y' }, 'TORV_ROLES'],
    [{ TORV_DATABASE_URL: 'mysql://x' }, 'TORV_DATABASE_URL'],
    [{ TORV_SECRET_KEY: 'short' }, 'TORV_SECRET_KEY'],
    [{ TORV_LOG_LEVEL: 'loud' }, 'TORV_LOG_LEVEL'],
  ])('names the setting that is wrong: %o', (env, name) => {
    expect(() => parseConfig(env)).toThrow(name);
  });

  it('keeps all roles together on the embedded database', () => {
    expect(() => parseConfig({ TORV_ROLES: 'api' })).toThrow('all roles');
    expect(() => parseConfig({ TORV_ROLES: 'api', TORV_DATABASE_URL: 'postgres://x/y' })).not.toThrow();
  });

  it('never repeats a secret in its complaint', () => {
    expect(() => parseConfig({ TORV_SECRET_KEY: 'hunter2-hunter2' })).toThrow(/^(?!.*hunter2)/);
  });
});
