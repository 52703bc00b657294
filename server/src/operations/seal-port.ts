/**
 * Seals stored secrets (a broker's password) with AES-256-GCM. The key is TORV_SECRET_KEY; where none is set, one is made
 * in the data folder, readable by its owner alone. Sealed bytes name what they are for and open for nothing else.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@torv/core/errors';

export interface Sealer {
  /** @param purpose bound to the secret, e.g. `source:7` */
  seal(plain: string, purpose: string): Buffer;
  /** @throws AppError BAD_CONFIG where the key is another one than it was sealed with */
  open(sealed: Uint8Array, purpose: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function readOwnKey(dataDir: string): string {
  const file = join(dataDir, 'secret.key');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const key = randomBytes(32).toString('base64url');
  writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
  return key;
}

export function createSealer(config: {
  readonly secretKey: string | undefined;
  readonly dataDir: string;
}): Sealer {
  let key: Buffer | undefined;
  // Read when it is first needed: an installation without stored secrets has no key file.
  const getKey = () =>
    (key ??= createHash('sha256')
      .update(config.secretKey ?? readOwnKey(config.dataDir))
      .digest());
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', getKey(), nonce).setAAD(Buffer.from(purpose));
      return Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed);
      try {
        const decipher = createDecipheriv('aes-256-gcm', getKey(), bytes.subarray(0, NONCE_BYTES)).setAAD(
          Buffer.from(purpose),
        );
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        return (
          decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
        );
      } catch (error) {
        throw new AppError(
          'BAD_CONFIG',
          'A stored secret cannot be opened: TORV_SECRET_KEY is not the one it was sealed with.',
          {
            at: 'TORV_SECRET_KEY',
            hint: 'Set the former key, or enter the secret anew.',
            cause: error,
          },
        );
      }
    },
  };
}
