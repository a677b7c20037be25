import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';

/** A key of the provider's list, as it came. */
export type ProviderKey = JsonWebKey & { readonly kid?: string; readonly use?: string; readonly alg?: string };
export type Claims = Readonly<Record<string, unknown>>;

export interface Expected {
  readonly issuer: string;
  readonly clientId: string;
  readonly nonce: string;
  /** ms UTC. */
  readonly now: number;
}

/** Between two machines' clocks. */
const SKEW_S = 60;
const MOST_CHARACTERS = 64 * 1024;
const RSA_BITS = 2048;

/** The algorithms that are taken. `none`, and those by a shared secret, are not among them, whatever a token says. */
const algorithms = {
  RS256: { kty: 'RSA', fits: (key: KeyObject) => (key.asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS },
  ES256: { kty: 'EC', fits: (key: KeyObject) => key.asymmetricKeyDetails?.namedCurve === 'prime256v1' },
} as const;

/** The token names a key that the list has not: the list may be older than the key. */
export class UnknownKey extends Error {}

/**
 * Checks an ID token of OpenID Connect: signature, issuer, audience, nonce, times. Gives its claims.
 * @throws UnknownKey; Error with what is wrong, in words.
 */
export function verifyIdToken(token: string, keys: readonly ProviderKey[], expected: Expected): Claims {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (token.length > MOST_CHARACTERS || signature === '' || more.length > 0) throw new Error('it is no signed token');
  const header = decoded(head);
  const algorithm = header['alg'];
  if (algorithm !== 'RS256' && algorithm !== 'ES256') throw new Error('its algorithm is neither RS256 nor ES256');
  if (header['crit'] !== undefined) throw new Error('it asks for extensions');
  const { kty, fits } = algorithms[algorithm];
  const key = publicKey(keyFor(keys, header['kid'], kty, algorithm));
  if (!fits(key)) throw new Error('the provider’s key is too weak or of another kind');
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', Buffer.from(`${head}.${body}`), options, Buffer.from(signature, 'base64url')))
    throw new Error('its signature is wrong');
  const claims = decoded(body);
  checkClaims(claims, expected);
  return claims;
}

function checkClaims(claims: Claims, { issuer, clientId, nonce, now }: Expected): void {
  const seconds = now / 1000;
  if (claims['iss'] !== issuer) throw new Error('it is of another issuer');
  const audience = [claims['aud']].flat();
  if (!audience.includes(clientId)) throw new Error('it is for another program');
  const party = claims['azp'];
  if (party === undefined ? audience.length > 1 : party !== clientId)
    throw new Error('it was given to another program');
  if (typeof claims['exp'] !== 'number' || claims['exp'] + SKEW_S <= seconds) throw new Error('it has expired');
  if (typeof claims['iat'] !== 'number' || claims['iat'] - SKEW_S > seconds) throw new Error('it is from the future');
  const notBefore = claims['nbf'];
  if (notBefore !== undefined && (typeof notBefore !== 'number' || notBefore - SKEW_S > seconds))
    throw new Error('it is not valid yet');
  if (claims['nonce'] !== nonce) throw new Error('it answers another sign-in');
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '' || subject.length > 255) throw new Error('it names nobody');
}

function keyFor(keys: readonly ProviderKey[], kid: unknown, kty: string, algorithm: string): ProviderKey {
  const fitting = keys.filter(
    (key) => key.kty === kty && (key.use ?? 'sig') === 'sig' && (key.alg ?? algorithm) === algorithm,
  );
  const named = kid === undefined ? fitting : fitting.filter((key) => key.kid === kid);
  const [key, ...others] = named;
  // Without a name there must be no choice.
  if (key === undefined || (kid === undefined && others.length > 0)) throw new UnknownKey('its key is not known');
  return key;
}

function publicKey(key: ProviderKey): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    throw new Error('the provider’s key cannot be read');
  }
}

function decoded(part: string): Claims {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims;
  } catch {
    // Told below.
  }
  throw new Error('it is no signed token');
}
