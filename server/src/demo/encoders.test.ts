import { existsSync, readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { type CodecModel, parseCodecModel } from '@torv/core/codec-model';
import { toMeasurements } from '@torv/core/mapping';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeEastronSdm230,
  encodeElsysErsCo2,
  encodeElvacoCmi4160,
  encodeMilesightAm307,
  encodeMilesightEm500Co2,
  encodeMilesightWs302,
  encodeMilesightWts506,
} from './encoders.ts';
import { createTown, framesBetween } from './simulator.ts';
import { parseTown, readDemoFile } from './town.ts';

type Decoded = { readonly data?: Readonly<Record<string, unknown>>; readonly errors?: readonly string[] };

const CODECS = new URL('../../../codecs/', import.meta.url);

function loadModel(key: string): CodecModel {
  const model = new URL(`${key}.json`, CODECS);
  if (!existsSync(model)) throw new Error(`The codec ${key} is missing: the demo town cannot be decoded.`);
  return parseCodecModel(JSON.parse(readFileSync(model, 'utf8')));
}

/** The product's own codec of a model; here without the sandbox, because both sides are ours. */
function loadCodec(key: string): (payload: string, fPort: number) => Decoded {
  const vendor = new URL(`${key}.json`, CODECS);
  const context = createContext({});
  runInContext(readFileSync(new URL(loadModel(key).script, vendor), 'utf8'), context);
  return (payload, fPort) => {
    const bytes = [...Buffer.from(payload, 'hex')];
    const call = `JSON.stringify(decodeUplink(${JSON.stringify({ bytes, fPort })}))`;
    return JSON.parse(String(runInContext(call, context))) as Decoded;
  };
}

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });

const air = {
  temperatureC: number(-40, 60),
  humidityPercent: number(0, 100),
  co2Ppm: number(0, 9000),
  pressureHpa: number(900, 1080),
  batteryPercent: number(0, 100),
};

describe('what a model sends is what its codec reads', () => {
  test('Elsys ERS CO2', () => {
    const decode = loadCodec('elsys/ers-co2');
    fc.assert(
      fc.property(
        fc.record({ ...air, lightLx: number(0, 4000), motion: number(0, 255), vddMv: number(2000, 3700) }),
        (v) => {
          const { data } = decode(encodeElsysErsCo2(v), 5);
          expect(data?.temperature).toBeCloseTo(v.temperatureC, 0);
          expect(data).toMatchObject({
            humidity: Math.round(v.humidityPercent),
            light: Math.round(v.lightLx),
            motion: Math.round(v.motion),
            co2: Math.round(v.co2Ppm),
            vdd: Math.round(v.vddMv),
          });
          expect(Math.abs(Number(data?.temperature) - v.temperatureC)).toBeLessThanOrEqual(0.0501);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('Milesight AM307', () => {
    const decode = loadCodec('milesight/am307');
    fc.assert(
      fc.property(
        fc.record({
          ...air,
          moved: fc.boolean(),
          lightLevel: fc.integer({ min: 0, max: 5 }),
          tvocIndex: number(0, 5),
        }),
        (v) => {
          const { data } = decode(encodeMilesightAm307(v), 85);
          expect(data).toMatchObject({
            battery: Math.round(v.batteryPercent),
            pir: v.moved ? 1 : 0,
            lightLevel: v.lightLevel,
            co2: Math.round(v.co2Ppm),
          });
          expect(Math.abs(Number(data?.temperature) - v.temperatureC)).toBeLessThanOrEqual(0.0501);
          expect(Math.abs(Number(data?.humidity) - v.humidityPercent)).toBeLessThanOrEqual(0.2501);
          expect(Math.abs(Number(data?.tvocIndex) - v.tvocIndex)).toBeLessThanOrEqual(0.00501);
          expect(Math.abs(Number(data?.pressure) - v.pressureHpa)).toBeLessThanOrEqual(0.0501);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('Milesight WS302', () => {
    const { data } = loadCodec('milesight/ws302')(
      encodeMilesightWs302({ lafDb: 68.2, laeqDb: 70.44, lafMaxDb: 81.96, batteryPercent: 97 }),
      85,
    );
    expect(data).toEqual({ battery: 97, LAF: 68.2, LAeq: 70.4, LAFmax: 82 });
  });

  test('Milesight WTS506', () => {
    const { data } = loadCodec('milesight/wts506')(
      encodeMilesightWts506({
        temperatureC: -3.44,
        humidityPercent: 88.2,
        windFromDeg: 359.99,
        pressureHpa: 998.7,
        windMS: 12.34,
        rainMm: 7.256,
        rainPhase: 300,
        batteryPercent: 100,
      }),
      85,
    );
    expect(data).toEqual({
      battery: 100,
      temperature: -3.4,
      humidity: 88,
      windDirection: 359.9,
      pressure: 998.7,
      windSpeed: 12.3,
      rainfallTotal: 7.26,
      rainfallCounter: 44,
    });
  });

  test('Milesight EM500-CO2', () => {
    const { data } = loadCodec('milesight/em500-co2')(
      encodeMilesightEm500Co2({
        temperatureC: -0.04,
        humidityPercent: 91.3,
        co2Ppm: 431.6,
        pressureHpa: 1021.26,
        batteryPercent: 88,
      }),
      85,
    );
    expect(data).toEqual({ battery: 88, temperature: 0, humidity: 91.5, co2: 432, pressure: 1021.3 });
  });

  test('Eastron SDM230', () => {
    const { data } = loadCodec('eastron/sdm230')(
      encodeEastronSdm230({
        serialNumber: 23_010_457,
        energyKwh: 48_312.5,
        voltageV: 231.25,
        currentA: 17.5,
        powerFactor: 0.9375,
        frequencyHz: 50,
      }),
      1,
    );
    expect(data).toEqual({
      serialNumber: 23_010_457,
      energy: 48_312.5,
      voltage: 231.25,
      current: 17.5,
      powerFactor: 0.9375,
      frequency: 50,
    });
  });

  test('Elvaco CMi4160', () => {
    const { data } = loadCodec('elvaco/cmi4160')(
      encodeElvacoCmi4160({
        energyKwh: 612_431,
        volumeM3: 13_840.94,
        powerW: 48_230,
        flowM3PerHour: 1.204,
        flowC: 71.3,
        returnC: 38.9,
        meterId: 67_214_093,
      }),
      2,
    );
    expect(data).toMatchObject({
      energy: 612_431,
      volume: 13_840.94,
      power: 48_200,
      flow: 1.204,
      flowTemperature: 71.3,
      returnTemperature: 38.9,
      meterId: '67214093',
    });
  });
});

describe('eight hours of the town', () => {
  const data = parseTown(readDemoFile('town.json'));
  const keys = new Map(data.devices.map((device) => [device.devEui, device.model]));
  const models = new Map([...new Set(keys.values())].map((key) => [key, loadModel(key)]));
  const decoders = new Map([...models.keys()].map((key) => [key, loadCodec(key)]));
  const town = createTown(data, 1, '2026-11-22T10:00:00Z');
  const frames = [...framesBetween(town, '2026-11-17T06:00:00Z', '2026-11-17T14:00:00Z')];

  test('are read by the models’ codecs and mappings without a fault', () => {
    const found = new Map<string, Set<string>>();
    for (const frame of frames) {
      const key = keys.get(frame.devEui) ?? '';
      const model = models.get(key);
      if (model?.fPorts) expect(model.fPorts, key).toContain(frame.fPort);
      const decoded = decoders.get(key)?.(frame.payload, frame.fPort);
      expect(decoded?.errors ?? [], frame.deviceName).toEqual([]);
      const { measurements, faults } = toMeasurements(decoded?.data, model?.mapping ?? [], frame.networkTime);
      expect(faults, frame.deviceName).toEqual([]);
      const properties = found.get(key) ?? new Set();
      found.set(key, properties);
      for (const { property, quality, value } of measurements) {
        properties.add(property);
        // only the sensor that loses its power says 85 degrees
        if (quality !== 0) expect([property, value]).toEqual(['air_temperature', 85]);
      }
    }
    expect(frames.length).toBeGreaterThan(3000);
    const climate = ['co2', 'air_temperature', 'relative_humidity'];
    expect([...(found.get('elsys/ers-co2') ?? [])]).toEqual(
      expect.arrayContaining([...climate, 'battery_voltage']),
    );
    expect([...(found.get('milesight/am307') ?? [])]).toEqual(
      expect.arrayContaining([...climate, 'battery_level']),
    );
    expect([...(found.get('milesight/ws302') ?? [])]).toEqual(
      expect.arrayContaining(['sound_level', 'sound_level_max']),
    );
    expect([...(found.get('milesight/wts506') ?? [])]).toEqual(
      expect.arrayContaining(['air_temperature', 'wind_speed', 'wind_direction', 'rainfall']),
    );
    expect([...(found.get('milesight/em500-co2') ?? [])]).toContain('co2');
    expect([...(found.get('eastron/sdm230') ?? [])]).toContain('electric_energy');
    expect([...(found.get('elvaco/cmi4160') ?? [])]).toEqual(
      expect.arrayContaining(['heat_energy', 'flow_temperature']),
    );
  });

  test('never let a total run backwards', () => {
    for (const [key, property] of [
      ['eastron/sdm230', 'electric_energy'],
      ['elvaco/cmi4160', 'heat_energy'],
      ['elvaco/cmi4160', 'volume'],
    ] as const) {
      const totals = frames
        .filter((frame) => keys.get(frame.devEui) === key)
        .flatMap(
          (frame) =>
            toMeasurements(
              decoders.get(key)?.(frame.payload, frame.fPort).data,
              models.get(key)?.mapping ?? [],
              frame.networkTime,
            ).measurements,
        )
        .filter((measurement) => measurement.property === property)
        .map((measurement) => Number(measurement.value));
      expect(totals.length).toBeGreaterThan(25);
      expect(totals).toEqual(totals.toSorted((a, b) => a - b));
      expect(totals.at(-1)).toBeGreaterThan(totals[0] ?? 0);
    }
  });
});
