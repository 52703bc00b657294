import { expect, test } from 'vitest';
import { toBrokerDraft, toBrokerSettings } from './broker-draft.ts';

test('what is left empty is left out of a broker’s settings', () => {
  const draft = { ...toBrokerDraft({}), url: ' mqtts://broker.example.org ', topics: 'a/+/up\n\n b/# ' };
  expect(toBrokerSettings(draft)).toEqual({ url: 'mqtts://broker.example.org', topics: ['a/+/up', 'b/#'] });
});

test('a broker’s settings come back as they were after a visit to the form', () => {
  const settings = {
    url: 'mqtt://broker.example.org:1883',
    username: 'torv',
    topics: ['a', 'b'],
    sharedGroup: 'g',
  };
  expect(toBrokerSettings(toBrokerDraft(settings))).toEqual(settings);
});
