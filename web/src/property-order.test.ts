import { describe, expect, test } from 'vitest';
import { byRelevance } from './property-order.ts';

describe('the order of what a place measures', () => {
  test('is what people feel first and what the sensor adds last, not the alphabet', () => {
    const sensor = ['air_temperature', 'co2', 'illuminance', 'motion', 'relative_humidity', 'ozone'];
    expect(sensor.sort(byRelevance('co2'))).toEqual([
      'co2',
      'air_temperature',
      'relative_humidity',
      'ozone',
      'motion',
      'illuminance',
    ]);
  });

  test('begins with what the sentence speaks of', () => {
    expect(['co2', 'air_temperature'].sort(byRelevance('air_temperature'))).toEqual([
      'air_temperature',
      'co2',
    ]);
  });

  test('does not depend on the order in which the values came', () => {
    const all = ['tvoc', 'ozone', 'pm10', 'co2', 'battery_level'];
    expect([...all].reverse().sort(byRelevance(undefined))).toEqual([...all].sort(byRelevance(undefined)));
  });
});
