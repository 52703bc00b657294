import type { screens as en } from '../en/screens.ts';
import type { Texts } from '../texts.ts';

export const screens: Texts<typeof en> = {
  old: 'oud',
  offline: 'Geen verbinding sinds {{time}}. Dit zijn de laatste waarden.',
  closed_title: 'Dit scherm is gesloten',
  closed_text: 'De link is ingetrokken of verlopen. Wie voor het lokaal zorgt, kan een nieuwe maken.',
  missing_text: 'Het adres is niet volledig. Open de hele link, met alles wat na # staat.',
  manage_title: 'Schermen in het lokaal',
  manage_about:
    'Een link voor een wandscherm of een tablet in het lokaal. Hij opent dit lokaal en niets anders, zonder inloggen, en werkt tot u hem intrekt of een jaar lang.',
  make: 'Link maken',
  label: 'Link voor een scherm in {{room}}',
  made: 'Gemaakt',
  until: 'Werkt tot',
  none: 'Nog geen scherm heeft een link naar dit lokaal.',
  withdraw: 'Intrekken',
  withdraw_title: 'Deze link intrekken?',
  withdraw_lost: 'Elk scherm dat hem gebruikt, sluit binnen een minuut.',
};
