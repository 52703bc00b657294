/**
 * Passwords: which ones are accepted, and argon2id. A wrong password, an unknown address and a closed account
 * cost the same time. Never logs or keeps a password; never runs inside a transaction (it takes tens of
 * milliseconds).
 */
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { AppError } from '@torv/core/errors';

/** OWASP's second recommendation for argon2id: 19 MiB, 2 passes, 1 lane (its default is argon2id, version 19). */
export const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

export const SHORTEST_PASSWORD = 12;
export const LONGEST_PASSWORD = 200;

/** Each computation takes 19 MiB and a thread: a flood of sign-ins waits here instead of filling the memory. */
const PARALLEL = 2;
const WAITING = 100;
let running = 0;
const queue: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= PARALLEL) {
    if (queue.length >= WAITING) {
      throw new AppError('UNAVAILABLE', 'Too many people sign in right now.', {
        hint: 'Try again in a moment.',
      });
    }
    await new Promise<void>((resolve) => queue.push(resolve));
  } else running++;
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next) next();
    else running--;
  }
}

export async function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFKC'), ARGON2));
}

export interface Verdict {
  readonly right: boolean;
  /** The hash was made with older parameters: hash again and store it. */
  readonly outdated: boolean;
}

/** Verified when there is no account, so that its absence takes as long as a wrong password. */
let nobody: Promise<string> | undefined;

export async function verifyPassword(stored: string | null | undefined, password: string): Promise<Verdict> {
  if (typeof stored !== 'string') {
    nobody ??= hashPassword('nobody has this password');
    const decoy = await nobody;
    await inTurn(() => verify(decoy, password.normalize('NFKC')));
    return { right: false, outdated: false };
  }
  const right = await inTurn(() => verify(stored, password.normalize('NFKC')));
  return { right, outdated: right && isOutdated(stored) };
}

function isOutdated(stored: string): boolean {
  const { memoryCost, timeCost, parallelism } = parseOptions(stored);
  return (
    memoryCost !== ARGON2.memoryCost || timeCost !== ARGON2.timeCost || parallelism !== ARGON2.parallelism
  );
}

export type PasswordFault = 'short' | 'long' | 'email' | 'repeated' | 'obvious';

/** Beginnings of the passwords that are tried first everywhere, in the languages of the interface. */
const OBVIOUS = [
  'password', 'passord', 'passwort', 'adgangskode', 'kodeord', 'losenord', 'lösenord', 'wachtwoord', 'welkom',
  'welcome', 'velkommen', 'valkommen', 'välkommen', 'qwerty', 'qwertz', 'azerty', 'asdfgh', 'letmein', 'administrator',
  'changeme', 'iloveyou', 'kommune', 'gemeente', 'sommer', 'sommar', 'zomer', 'vinter', 'winter', 'torv',
]; // biome-ignore format: a table
const ROWS = [
  '01234567890123456789',
  '98765432109876543210',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
];

/**
 * Length counts most (NIST SP 800-63B, 3.1.1.2); only the first guesses are kept out.
 * @throws AppError BAD_BODY naming the reason
 */
export function checkPassword(password: string, email: string, at = 'body/password'): void {
  const refuse = (detail: string, reason: PasswordFault): never => {
    throw new AppError('BAD_BODY', detail, {
      at,
      // by which a page says it in its visitor's language
      extra: { reason },
      hint: 'Three or four words that do not belong together are easy to keep in mind.',
    });
  };
  const length = [...password].length;
  if (length < SHORTEST_PASSWORD)
    refuse(`A password needs at least ${SHORTEST_PASSWORD} characters.`, 'short');
  if (password.length > LONGEST_PASSWORD)
    refuse(`A password has at most ${LONGEST_PASSWORD} characters.`, 'long');
  const plain = password.toLowerCase();
  const [local = ''] = email.toLowerCase().split('@');
  if (plain === email.toLowerCase() || (local.length >= 4 && plain.replaceAll(local, '').length < 6)) {
    refuse('This password is too close to the e-mail address.', 'email');
  }
  if (new Set(plain).size < 5) refuse('This password repeats the same few characters.', 'repeated');
  const bare = plain.replace(/[^\p{L}]+/gu, '');
  if (OBVIOUS.some((word) => bare === word || (plain.startsWith(word) && bare.length - word.length < 4))) {
    refuse('This password is one of the first that anybody would try.', 'obvious');
  }
  if (ROWS.some((row) => row.includes(plain.slice(0, SHORTEST_PASSWORD))))
    refuse('This password is a row of keys.', 'obvious');
}
