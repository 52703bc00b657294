/** The settings of a broker as somebody types them, and as the server takes them. Pure. */
import type { BrokerSettings } from '../../source-data.ts';

export interface BrokerDraft {
  readonly url: string;
  readonly username: string;
  /** Never kept as a draft. Empty: as it is stored. */
  readonly password: string;
  readonly topics: string;
  readonly sharedGroup: string;
  readonly ca: string;
}

export function toBrokerDraft(settings: BrokerSettings): BrokerDraft {
  return {
    url: settings.url ?? 'mqtts://',
    username: settings.username ?? '',
    password: '',
    topics: (settings.topics ?? []).join('\n'),
    sharedGroup: settings.sharedGroup ?? '',
    ca: settings.ca ?? '',
  };
}

/** Empty fields are left out, as the server wants them. */
export function toBrokerSettings(draft: BrokerDraft): BrokerSettings {
  const topics = draft.topics
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return {
    url: draft.url.trim(),
    topics,
    ...(draft.username.trim() === '' ? {} : { username: draft.username.trim() }),
    ...(draft.sharedGroup.trim() === '' ? {} : { sharedGroup: draft.sharedGroup.trim() }),
    ...(draft.ca.trim() === '' ? {} : { ca: `${draft.ca.trim()}\n` }),
  };
}
