/** The benchmark of SensorThings servers, short, against a server of this test: every case runs, and it leaves nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STA_CASES } from '../src/bench/sta/cases.ts';
import { benchSta } from '../src/bench/sta/run.ts';
import { findFreePort } from './free-port.ts';
import { createMqttWrites, type MqttWrites } from './sensorthings-mqtt.ts';

describe('torv bench sta', () => {
  let mqtt: MqttWrites;
  let origin: string;
  beforeAll(async () => {
    const port = await findFreePort();
    origin = `http://127.0.0.1:${port}`;
    mqtt = await createMqttWrites('postgresql', { env: { TORV_PUBLIC_URL: origin } });
    await mqtt.test.app.listen({ host: '127.0.0.1', port });
  }, 180_000);
  afterAll(() => mqtt?.close());

  it('has a row of numbers for every case, by HTTP and by MQTT, and takes away what it made', async () => {
    const said: string[] = [];
    const lines = await benchSta({
      servers: [
        {
          url: `${origin}/sta/v1.1`,
          authorization: `Bearer ${mqtt.key}`,
          mqtt: { url: `mqtt://127.0.0.1:${mqtt.port}`, prefix: 'v1.1', username: 'key', password: mqtt.key },
          pids: [process.pid],
        },
      ],
      size: { things: 2, observations: 400 },
      share: 0.01,
      say: (line) => said.push(line),
    });
    const rows = lines
      .filter((line) => line.startsWith('| '))
      .slice(2)
      .map((line) => line.slice(2, -2).split(' | '));
    expect(rows.map(([name]) => name)).toEqual([
      ...STA_CASES.map(({ name }) => name),
      'PUBLISH one Observation',
      'PUBLISH to twenty subscribers',
    ]);
    for (const [name, rate, observations, ...others] of rows) {
      expect([name, Number(rate)]).toEqual([name, expect.any(Number)]);
      expect(Number(rate), lines.join('\n')).toBeGreaterThan(0);
      const creates = STA_CASES.find((one) => one.name === name)?.creates ?? (name?.includes('one') ? 1 : 0);
      expect([name, observations !== '']).toEqual([name, creates > 0]);
      for (const cell of others) expect(Number(cell), `${name}: ${cell}`).toBeGreaterThanOrEqual(0);
    }
    expect(said.filter((line) => line.startsWith('Left behind'))).toEqual([]);
    expect(await mqtt.count('/Things')).toBe(0);
    expect(await mqtt.count('/Observations')).toBe(0);
  });
});
