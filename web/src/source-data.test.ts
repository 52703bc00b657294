import { describe, expect, it } from 'vitest';
import { type Source, toSourceState } from './source-data.ts';

const STATUS: Source['status'] = {
  state: 'idle',
  reason: null,
  messages: 0,
  faults: 0,
  ignored: 0,
  lastMessageAt: null,
  lastFaultAt: null,
  lastFault: null,
};
const source = (kind: Source['kind'], status: Partial<Source['status']>, enabled = true): Source => ({
  id: 1,
  name: 'Harbour',
  kind,
  format: 'torv',
  settings: {},
  hasSecret: false,
  enabled,
  version: 1,
  ratePerMinute: 0,
  status: { ...STATUS, ...status },
});
const T1 = '2026-03-02T10:00:00Z';
const T2 = '2026-03-02T10:01:00Z';

describe('the state of a source', () => {
  it.each([
    ['off', source('mqtt', { state: 'listening' }, false)],
    ['refused', source('mqtt', { state: 'refused', reason: 'The stored secret cannot be opened.' })],
    ['waiting', source('mqtt', { state: 'waiting', reason: 'Nothing listens there.', lastMessageAt: T1 })],
    ['connecting', source('mqtt', {})],
    ['partial', source('mqtt', { state: 'listening', reason: 'The broker speaks MQTT 3.1.1 only.' })],
    ['listening', source('mqtt', { state: 'listening', lastMessageAt: T2, lastFaultAt: T1 })],
    ['rejecting', source('mqtt', { state: 'listening', lastMessageAt: T1, lastFaultAt: T1 })],
    ['rejecting', source('webhook', { lastMessageAt: T1, lastFaultAt: T1 })],
    ['receiving', source('webhook', { lastMessageAt: T2, lastFaultAt: T1 })],
    ['silent', source('webhook', {})],
    ['inside', source('demo', {})],
  ] as const)('is %s', (state, row) => {
    expect(toSourceState(row)).toBe(state);
  });
});
