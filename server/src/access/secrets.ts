/**
 * Secrets that Torv hands out once: session tokens, links, API keys. Each has 256 random bits, is kept only as
 * its SHA-256 (a slow hash adds nothing to 256 bits), and is found by that hash, so that comparing leaks no time.
 */
import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** 43 characters of base64url. */
export function createSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** What cannot be a secret of ours is refused before it costs a query. */
export function isSecret(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9_-]{43}$/.test(text);
}

const KEY_ID_LENGTH = 8;
const KEY_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

export interface NewKeyText {
  /** `torv_<8 characters>_<43 characters>`; shown once. */
  readonly text: string;
  /** Its public first part, by which people tell keys apart. */
  readonly hint: string;
}

export function createKeyText(): NewKeyText {
  const id = Array.from(randomBytes(KEY_ID_LENGTH), (byte) => KEY_ALPHABET[byte % KEY_ALPHABET.length]).join(
    '',
  );
  const hint = `torv_${id}`;
  return { text: `${hint}_${createSecret()}`, hint };
}

export function isKeyText(text: unknown): text is string {
  return typeof text === 'string' && /^torv_[a-z2-7]{8}_[A-Za-z0-9_-]{43}$/.test(text);
}
