import type { screens as en } from '../en/screens.ts';
import type { Texts } from '../texts.ts';

export const screens: Texts<typeof en> = {
  old: 'gammel',
  offline: 'Ingen forbindelse siden {{time}}. Her er de seneste værdier.',
  closed_title: 'Skærmen er lukket',
  closed_text: 'Linket er trukket tilbage eller udløbet. Den, der passer lokalet, kan lave et nyt.',
  missing_text: 'Adressen er ikke hel. Åbn hele linket med alt, der står efter #.',
  manage_title: 'Skærme i lokalet',
  manage_about:
    'Et link til en vægskærm eller en tablet i lokalet. Det åbner dette lokale og intet andet, uden login, og virker, indtil du trækker det tilbage, eller i et år.',
  make: 'Lav et link',
  label: 'Link til en skærm i {{room}}',
  made: 'Lavet',
  until: 'Virker indtil',
  none: 'Ingen skærm har et link til dette lokale endnu.',
  withdraw: 'Træk tilbage',
  withdraw_title: 'Træk dette link tilbage?',
  withdraw_lost: 'Hver skærm, der bruger det, lukker inden for et minut.',
};
