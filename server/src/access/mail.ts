/**
 * Mail over the SMTP server of TORV_SMTP_URL. Without one there is no mailer, and an administrator hands links
 * over himself. Never logs a recipient or a text: a mail carries a secret.
 */
import { createTransport } from 'nodemailer';
import type { Config } from '../config.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  send(mail: Mail): Promise<void>;
}

const TIMEOUT_MS = 15_000;

/**
 * The sender is `?from=` of the address, else the name that signs in there when it is an address, else torv@ the
 * public host.
 */
export function toSender(smtpUrl: URL, publicUrl: string | undefined): string {
  const said = smtpUrl.searchParams.get('from');
  if (said !== null) return said;
  const user = decodeURIComponent(smtpUrl.username);
  if (user.includes('@')) return user;
  return `torv@${publicUrl === undefined ? 'localhost' : new URL(publicUrl).hostname}`;
}

export function createMailer(config: Config): Mailer | undefined {
  if (config.smtpUrl === undefined) return undefined;
  const url = new URL(config.smtpUrl);
  const from = toSender(url, config.publicUrl);
  url.searchParams.delete('from');
  const transport = createTransport(
    {
      url: url.href,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return {
    async send(mail) {
      await transport.sendMail({ ...mail, headers: { 'Auto-Submitted': 'auto-generated' } });
    },
  };
}
