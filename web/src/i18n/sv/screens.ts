import type { screens as en } from '../en/screens.ts';
import type { Texts } from '../texts.ts';

export const screens: Texts<typeof en> = {
  old: 'gammalt',
  offline: 'Ingen anslutning sedan {{time}}. Det här är de senaste värdena.',
  closed_title: 'Skärmen är stängd',
  closed_text: 'Länken är återkallad eller har gått ut. Den som sköter rummet kan göra en ny.',
  missing_text: 'Adressen är inte fullständig. Öppna hela länken med allt som står efter #.',
  manage_title: 'Skärmar i rummet',
  manage_about:
    'En länk för en väggskärm eller en surfplatta i rummet. Den öppnar det här rummet och inget annat, utan inloggning, och fungerar tills du återkallar den eller i ett år.',
  make: 'Gör en länk',
  label: 'Länk för en skärm i {{room}}',
  made: 'Gjord',
  until: 'Fungerar till',
  none: 'Ingen skärm har en länk till det här rummet ännu.',
  withdraw: 'Återkalla',
  withdraw_title: 'Återkalla den här länken?',
  withdraw_lost: 'Varje skärm som använder den stängs inom en minut.',
};
