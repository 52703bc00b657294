import { describe, expect, it } from 'vitest';
import guide from '../../../../docs/sensorthings.md?raw';
import { toSent } from './address.ts';
import {
  GUIDE_SAMPLE,
  READS,
  REQUEST_KEYS,
  type ReadKey,
  toBox,
  toCurl,
  toMqttCommands,
  toWrites,
} from './guide.ts';

/** The first command below each number of the guide, as a shell would pass it on. */
const commands = guide
  .split(/^\d+\. \*\*/m)
  .slice(1)
  .map((part) => /^ +(curl|mosquitto_sub) .*/m.exec(part)?.[0].trim() ?? '');

describe('the requests of the page', () => {
  it('are those of the guide, in its order', () => {
    expect(commands).toHaveLength(REQUEST_KEYS.length);
    for (const [i, key] of (Object.keys(READS) as ReadKey[]).entries()) {
      const address = decodeURIComponent(/^curl "\$S(.*)"$/.exec(commands[i] ?? '')?.[1] ?? '');
      expect(address.replaceAll('\\$', '$') || '/').toBe(READS[key](GUIDE_SAMPLE));
    }
    expect(commands.at(-1)).toContain('"v1.1/Datastreams(1)/Observations"');
  });

  it('speak of the series and the place that were found', () => {
    const sample = { datastream: 42, property: "Children's noise", box: toBox(12.567, 55.678) };
    expect(READS.latest(sample)).toContain("name eq 'Children''s noise'");
    expect(READS.count(sample)).toBe('/Datastreams(42)/Observations?$count=true&$top=0');
    expect(READS.area(sample)).toContain('POLYGON((12.5 55.6,12.7 55.6,12.7 55.8,12.5 55.8,12.5 55.6))');
  });

  it('are the same as a command, which a shell leaves as it is', () => {
    const root = 'https://torv.example.org/sta/v1.1';
    expect(toCurl(root, '/', false)).toBe(`curl '${root}'`);
    for (const read of Object.values(READS)) {
      const command = toCurl(root, toSent(read(GUIDE_SAMPLE)), true);
      expect(command).toMatch(/^curl -H 'Authorization: Bearer KEY' 'https:[^'\s]*'$/);
    }
    for (const command of toWrites(root, GUIDE_SAMPLE, '2026-03-02T08:00:00Z')) {
      expect(() => JSON.parse(/-d '([^']*)'$/.exec(command)?.[1] ?? '')).not.toThrow();
    }
  });

  it('name the broker as the service does, with or without TLS', () => {
    expect(toMqttCommands('mqtt://torv.example.org:1883', GUIDE_SAMPLE)[0]).toBe(
      "mosquitto_sub -h torv.example.org -p 1883 -t 'v1.1/Datastreams(1)/Observations'",
    );
    expect(toMqttCommands('mqtts://torv.example.org:8883', GUIDE_SAMPLE)[0]).toContain(
      '-p 8883 --tls-use-os-certs',
    );
  });
});
