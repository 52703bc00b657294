/** What is still missing in the form of a source, told beside the field once somebody tried to send it. */
import { useState } from 'react';
import { useText } from '../../i18n/language.tsx';
import type { Source } from '../../source-data.ts';
import type { BrokerDraft } from './broker-draft.ts';

export interface SourceFaults {
  readonly name: (name: string) => string | undefined;
  readonly url: (url: string) => string | undefined;
  readonly topics: (topics: string) => string | undefined;
  /** Goes on when nothing is missing, else shows what is. */
  readonly check: (name: string, kind: Source['kind'], broker: BrokerDraft, go: () => void) => void;
}

const BROKER_URL = /^mqtts?:\/\/[^\s/]+/;

export function useSourceFaults(): SourceFaults {
  const t = useText('sources');
  const devices = useText('devices');
  const [asked, setAsked] = useState(false);
  const required = (text: string) => (text.trim() === '' ? devices('field_required') : undefined);
  const url = (text: string) => (BROKER_URL.test(text.trim()) ? undefined : t('broker_url_wrong'));
  const told = (find: (text: string) => string | undefined) => (text: string) =>
    asked ? find(text) : undefined;
  return {
    name: told(required),
    url: told(url),
    topics: told(required),
    check: (name, kind, broker, go) => {
      setAsked(true);
      const isWrong =
        required(name) !== undefined ||
        (kind === 'mqtt' && (url(broker.url) !== undefined || required(broker.topics) !== undefined));
      if (!isWrong) go();
    },
  };
}
