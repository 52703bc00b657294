/**
 * Which kind of event a ChirpStack message is. The transport says it (`?event=` or the last level of the topic);
 * a file or a bridge with topics of its own does not, and then the message's fields tell.
 */
import { sayReason } from '@torv/core/reasons';
import type { MessageHint, Parsed } from '../source.ts';
import { ignored } from './form.ts';
import { toFields } from './read.ts';

/** Names of both versions; `rx` is the uplink of ChirpStack v3 before 3.11. */
const EVENTS = [
  'up',
  'rx',
  'join',
  'ack',
  'txack',
  'log',
  'error',
  'status',
  'location',
  'integration',
] as const;
export type ChirpstackEvent = (typeof EVENTS)[number];

/** One field that only this event has; the first row that fits wins. */
const OWN_FIELDS: readonly (readonly [ChirpstackEvent, readonly string[]])[] = [
  ['up', ['data', 'fPort']],
  ['log', ['level', 'description']],
  ['error', ['error']],
  ['txack', ['downlinkId', 'downlinkID']],
  ['ack', ['acknowledged', 'fCntDown', 'queueItemId']],
  ['status', ['margin', 'batteryLevel', 'batteryLevelUnavailable', 'externalPowerSource']],
  ['location', ['location']],
  ['integration', ['integrationName', 'eventType']],
  ['up', ['fCnt', 'object', 'rxInfo', 'txInfo']],
  ['join', ['devAddr']],
];

function findKnown(name: string | undefined): ChirpstackEvent | undefined {
  return EVENTS.find((event) => event === name);
}

/** undefined where nothing tells: the schema then says what is missing. */
export function findEvent(message: unknown, hint: MessageHint | undefined): ChirpstackEvent | undefined {
  const hinted = findKnown(hint?.event) ?? findKnown(hint?.topic?.slice(hint.topic.lastIndexOf('/') + 1));
  if (hinted !== undefined) return hinted;
  const fields = toFields(message);
  return OWN_FIELDS.find(([, own]) => own.some((key) => Object.hasOwn(fields, key)))?.[0];
}

/** The answer for every event that is not an uplink. */
export function toIgnoredEvent(event: ChirpstackEvent | undefined): Parsed | undefined {
  if (event === undefined || event === 'up' || event === 'rx') return undefined;
  return ignored(sayReason('ignored_event', { field: event }));
}
