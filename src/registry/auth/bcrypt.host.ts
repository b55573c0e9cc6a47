/** bcrypt looks at no more of a password. */
const MAX_BYTES = 72;

/** Checks a password against a bcrypt hash (`$2a$`, `$2b$`, `$2y$`) on a thread of the runtime's, not on this one. */
export async function verifyBcrypt(password: string, hash: string): Promise<boolean> {
  const bytes = new TextEncoder().encode(password).subarray(0, MAX_BYTES);
  if (bytes.length === 0) return false;
  try {
    return await Bun.password.verify(bytes, hash.replace(/^\$2[ay]\$/, '$2b$'), 'bcrypt');
  } catch {
    return false;
  }
}
