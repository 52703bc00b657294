/** What the mails of the access floor say, in the four languages. Plain text; a link stands on a line of its own. */
import type { Mail } from './mail.ts';

type Locale = 'da' | 'sv' | 'nl' | 'en';
type Text = Omit<Mail, 'to'>;

const INVITATION: Readonly<Record<Locale, (organisation: string, link: string) => Text>> = {
  en: (organisation, link) => ({
    subject: `Invitation to ${organisation} in Torv`,
    text: `You are invited to ${organisation} in Torv.\n\nOpen this link and choose a password:\n\n${link}\n\nThe link works once, for seven days. If you did not expect it, you can ignore this message.\n`,
  }),
  da: (organisation, link) => ({
    subject: `Invitation til ${organisation} i Torv`,
    text: `Du er inviteret til ${organisation} i Torv.\n\nÅbn linket, og vælg en adgangskode:\n\n${link}\n\nLinket virker én gang og i syv dage. Hvis du ikke ventede det, kan du se bort fra denne besked.\n`,
  }),
  sv: (organisation, link) => ({
    subject: `Inbjudan till ${organisation} i Torv`,
    text: `Du är inbjuden till ${organisation} i Torv.\n\nÖppna länken och välj ett lösenord:\n\n${link}\n\nLänken fungerar en gång och i sju dagar. Om du inte väntade dig den kan du bortse från meddelandet.\n`,
  }),
  nl: (organisation, link) => ({
    subject: `Uitnodiging voor ${organisation} in Torv`,
    text: `U bent uitgenodigd voor ${organisation} in Torv.\n\nOpen deze link en kies een wachtwoord:\n\n${link}\n\nDe link werkt één keer, zeven dagen lang. Verwachtte u dit niet, dan kunt u dit bericht negeren.\n`,
  }),
};

const RESET: Readonly<Record<Locale, (link: string) => Text>> = {
  en: (link) => ({
    subject: 'A new password for Torv',
    text: `Somebody asked for a new password for your account in Torv.\n\nOpen this link to choose one:\n\n${link}\n\nThe link works once, for one hour. If it was not you, do nothing: your password stays as it is.\n`,
  }),
  da: (link) => ({
    subject: 'Ny adgangskode til Torv',
    text: `Nogen har bedt om en ny adgangskode til din konto i Torv.\n\nÅbn linket for at vælge en:\n\n${link}\n\nLinket virker én gang og i en time. Var det ikke dig, skal du ikke gøre noget: Din adgangskode er den samme.\n`,
  }),
  sv: (link) => ({
    subject: 'Nytt lösenord till Torv',
    text: `Någon har bett om ett nytt lösenord till ditt konto i Torv.\n\nÖppna länken för att välja ett:\n\n${link}\n\nLänken fungerar en gång och i en timme. Om det inte var du behöver du inte göra något: lösenordet är oförändrat.\n`,
  }),
  nl: (link) => ({
    subject: 'Een nieuw wachtwoord voor Torv',
    text: `Iemand heeft om een nieuw wachtwoord voor uw account in Torv gevraagd.\n\nOpen deze link om er een te kiezen:\n\n${link}\n\nDe link werkt één keer, één uur lang. Was u dit niet, dan hoeft u niets te doen: uw wachtwoord blijft hetzelfde.\n`,
  }),
};

export function renderInvitation(to: string, locale: Locale, organisation: string, link: string): Mail {
  // a line break in a name must not begin a header of its own
  return { to, ...INVITATION[locale](organisation.replace(/\s+/g, ' '), link) };
}

export function renderPasswordReset(to: string, locale: Locale | null, link: string): Mail {
  return { to, ...RESET[locale ?? 'en'](link) };
}
