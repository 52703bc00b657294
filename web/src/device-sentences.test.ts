/** What the devices pages say, in the languages they are said in. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type DeviceWords, toCondition, toDeviceSentence, toDevicesSentence } from './device-sentences.ts';
import { toFormat } from './i18n/bound-format.ts';
import { catalogue as da } from './i18n/da/all.ts';
import { catalogue as en } from './i18n/en/all.ts';
import type { Language } from './i18n/languages.ts';
import { catalogue as nl } from './i18n/nl/all.ts';
import { catalogue as sv } from './i18n/sv/all.ts';
import { addCatalogue, toTranslate } from './i18n/translate.ts';
import type { Device } from './registry-answers.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

function device(over: Partial<Device>, minutesAgo: number | null = 5, batteryV = 3.6): Device {
  return {
    id: 1,
    organisationId: 1,
    devEui: '00000000000000aa',
    state: 'claimed',
    name: 'Luft 1',
    serial: null,
    powerSource: 'battery',
    notes: '',
    responsibleRoleId: null,
    expectedIntervalS: 600,
    version: 1,
    codec: {
      id: 1,
      key: 'elsys/ers-co2',
      title: 'Room sensor',
      quarantined: false,
      number: 1,
      battery: { fullV: 3.6, emptyV: 2.8 },
    },
    place: { id: 2, name: 'Lokale 1', from: '2026-01-01T00:00:00Z' },
    heard: { name: null, profile: null, tags: {} },
    status:
      minutesAgo === null
        ? null
        : {
            firstSeen: '2026-01-01T00:00:00Z',
            lastSeen: new Date(NOW - minutesAgo * 60_000).toISOString(),
            frames: 10,
            copies: 0,
            rejected: 0,
            batteryV,
            batteryPercent: null,
            rssi: -90,
            snr: 7,
            lastReason: null,
          },
    ...over,
  };
}

function words(language: Language): DeviceWords {
  return {
    devices: toTranslate(language, 'devices'),
    places: toTranslate(language, 'places'),
    format: toFormat(
      language,
      'Europe/Copenhagen',
      toTranslate(language, 'shell'),
      toTranslate(language, 'properties'),
    ),
  };
}

beforeAll(() => {
  for (const [language, catalogue] of Object.entries({ en, da, sv, nl }))
    addCatalogue(language as Language, catalogue);
});

describe('the sentence over all devices', () => {
  const town = [
    ...Array.from({ length: 18 }, () => device({})),
    device({}, 300),
    device({}, 5, 2.9),
    device({ state: 'retired' }),
  ];
  it.each([
    ['en', '20 devices: 18 report as expected, 1 is silent, 1 has a low battery.'],
    ['da', '20 enheder: 18 melder sig som ventet, 1 er tavs, 1 har lavt batteri.'],
    ['sv', '20 enheter: 18 rapporterar som väntat, 1 är tyst, 1 har lågt batteri.'],
    ['nl', '20 apparaten: 18 melden zich zoals verwacht, 1 zwijgt, 1 heeft een lage batterij.'],
  ] as const)('counts in %s', (language, sentence) => {
    expect(toDevicesSentence(words(language), town, NOW)).toBe(sentence);
  });
  it('says that there are none, and what waits', () => {
    expect(toDevicesSentence(words('en'), [device({ state: 'waiting' })], NOW)).toBe(
      'No devices yet. 1 device waits in the inbox.',
    );
  });
});

describe('the sentence over one device', () => {
  it('never says "as expected" about a silent one', () => {
    expect(toDeviceSentence(words('en'), device({}, 300), NOW)).toBe(
      'Silent: last heard 5 hours ago, although it should report every 10 minutes.',
    );
    expect(toCondition(device({}, null), NOW).state).toBe('never');
  });
  it('adds what needs a hand', () => {
    const low = device({}, 5, 2.9);
    expect(toDeviceSentence(words('en'), low, NOW)).toMatch(
      /^Reports as expected\. .* The battery is low: Low, 2\.9/,
    );
    expect(toCondition(device({ powerSource: 'mains' }, 5, 2.7), NOW).battery).toBe('mains');
  });
});
