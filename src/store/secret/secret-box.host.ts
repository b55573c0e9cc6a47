import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { KnownError } from '../../lib/errors.ts';
import type { SecretBox } from './secret-box.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM: nonce, tag, text. The key file is made when it is first needed. */
export function createSecretBox(keyPath: string): SecretBox {
  let key: Buffer | undefined;
  const keyOf = (make: boolean): Buffer => {
    if (key === undefined && make && !existsSync(keyPath)) makeKey(keyPath);
    key ??= readKey(keyPath);
    return key;
  };
  return {
    seal(subject, value) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, keyOf(true), nonce);
      cipher.setAAD(Buffer.from(subject));
      const text = Buffer.concat([cipher.update(value), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open(subject, sealed) {
      try {
        const decipher = createDecipheriv(CIPHER, keyOf(false), sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(subject));
        decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      } catch (error) {
        throw new KnownError('data_loss', `a secret cannot be opened with the key in ${keyPath}`, { cause: error });
      }
    },
  };
}

/** On the disk before anything is sealed with it. */
function makeKey(path: string): void {
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, randomBytes(KEY_BYTES));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

function readKey(path: string): Buffer {
  const key = readFileSync(path);
  if (key.length !== KEY_BYTES) throw new Error(`${path} is no key of ${KEY_BYTES} bytes`);
  return key;
}
