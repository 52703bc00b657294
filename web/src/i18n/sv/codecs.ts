import type { codecs as en } from '../en/codecs.ts';
import type { Texts } from '../texts.ts';

export const codecs: Texts<typeof en> = {
  title: 'Kodekar',
};
