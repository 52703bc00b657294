import type { sources as en } from '../en/sources.ts';
import type { Texts } from '../texts.ts';

export const sources: Texts<typeof en> = {
  title: 'Kilder',
};
