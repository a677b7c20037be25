import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Random bytes from the system, or a test's. */
export type RandomBytes = (count: number) => Uint8Array;

/** What is kept of a secret of full entropy (256 random bits): nothing slower is needed, nothing can be guessed back. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function newSecret(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('base64url');
}

/** The CSRF token of a session: told to the page, derived from the cookie, of no use without it. */
export function csrfOf(cookie: string): string {
  return createHmac('sha256', cookie).update('auspex csrf 1').digest('base64url');
}

/** Compares in constant time; secrets of different length are unequal. */
export function equalSecrets(a: string, b: string): boolean {
  const [left, right] = [createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest()];
  return timingSafeEqual(left, right);
}

/** What `newSecret` makes: 256 bits. */
export const SECRET_FORM = /^[A-Za-z0-9_-]{43}$/;
