import type { access as en } from '../en/access.ts';
import type { Texts } from '../texts.ts';

export const access: Texts<typeof en> = {
  sign_in_title: 'Inloggen',
};
