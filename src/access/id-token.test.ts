import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { type ProviderKey, UnknownKey, verifyIdToken } from './id-token.ts';

const NOW = Date.UTC(2026, 0, 1);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ec384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const listed = (key: KeyObject, kid?: string): ProviderKey => ({
  ...(key.export({ format: 'jwk' }) as ProviderKey),
  ...(kid === undefined ? {} : { kid }),
});
const keys = [
  listed(rsa.publicKey, 'r1'),
  listed(ec.publicKey, 'e1'),
  listed(weak.publicKey, 'weak'),
  listed(ec384.publicKey, 'e384'),
];

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const good = {
  iss: 'https://idp.example',
  aud: 'auspex',
  sub: 'u-1',
  nonce: 'n1',
  iat: NOW / 1000 - 5,
  exp: NOW / 1000 + 300,
};
const expected = { issuer: 'https://idp.example', clientId: 'auspex', nonce: 'n1', now: NOW };

function token(claims: object, header: object = { alg: 'RS256', kid: 'r1' }, key: KeyObject = rsa.privateKey): string {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
const check = (text: string, with_: readonly ProviderKey[] = keys) => verifyIdToken(text, with_, expected);

test('a token signed by RS256 or ES256 gives its claims', () => {
  expect(check(token(good))).toMatchObject({ sub: 'u-1' });
  expect(check(token(good, { alg: 'ES256', kid: 'e1' }, ec.privateKey))).toMatchObject({ sub: 'u-1' });
  expect(check(token({ ...good, aud: ['auspex', 'other'], azp: 'auspex' }))).toMatchObject({ sub: 'u-1' });
  expect(check(token(good, { alg: 'RS256' }), [listed(rsa.publicKey)])).toMatchObject({ sub: 'u-1' });
});

test.each<[string, object]>([
  ['another issuer', { iss: 'https://evil.example' }],
  ['an issuer that begins alike', { iss: 'https://idp.example/' }],
  ['another audience', { aud: 'other' }],
  ['no audience', { aud: undefined }],
  ['several audiences and no party', { aud: ['auspex', 'other'] }],
  ['another party', { azp: 'other' }],
  ['expired', { exp: NOW / 1000 - 61 }],
  ['without an end', { exp: undefined }],
  ['an end that is a text', { exp: '9999999999' }],
  ['from the future', { iat: NOW / 1000 + 61 }],
  ['not valid yet', { nbf: NOW / 1000 + 61 }],
  ['another sign-in’s', { nonce: 'n2' }],
  ['without a nonce', { nonce: undefined }],
  ['of nobody', { sub: '' }],
  ['of a list', { sub: ['u-1'] }],
])('a token that is %s is refused', (_, change) => {
  expect(() => check(token({ ...good, ...change }))).toThrow(/^it /);
});

test('no algorithm but these two, no key but the provider’s', () => {
  const unsigned = `${base64({ alg: 'none' })}.${base64(good)}.`;
  expect(() => check(unsigned)).toThrow('no signed token');
  expect(() => check(`${base64({ alg: 'none' })}.${base64(good)}.AA`)).toThrow('algorithm');
  // The public key taken for a shared secret: what libraries fell for.
  const text = `${base64({ alg: 'HS256', kid: 'r1' })}.${base64(good)}`;
  const mac = createHmac('sha256', rsa.publicKey.export({ type: 'spki', format: 'pem' }))
    .update(text)
    .digest('base64url');
  expect(() => check(`${text}.${mac}`)).toThrow('algorithm');
  expect(() => check(token(good, { alg: 'RS256', kid: 'r1' }, other.privateKey))).toThrow('signature');
  // A key that the token brings along is nobody's.
  const own = { alg: 'RS256', kid: 'mine', jwk: listed(other.publicKey, 'mine') };
  expect(() => check(token(good, own, other.privateKey))).toThrow(UnknownKey);
  expect(() => check(token(good, { alg: 'RS256', kid: 'weak' }, weak.privateKey))).toThrow('too weak');
  expect(() => check(token(good, { alg: 'ES256', kid: 'e384' }, ec384.privateKey))).toThrow('too weak');
  expect(() => check(token(good, { alg: 'RS256', kid: 'r1', crit: ['exp'] }))).toThrow('extensions');
  // Two keys and no name: which one is not for the token to leave open.
  expect(() => check(token(good, { alg: 'RS256' }))).toThrow(UnknownKey);
  const encryption = [{ ...listed(rsa.publicKey, 'r1'), use: 'enc' }];
  expect(() => check(token(good), encryption)).toThrow(UnknownKey);
});

test('every byte that is changed is found, and nothing else is thrown than what is wrong', () => {
  const text = token(good);
  for (let i = 0; i < text.length; i += 7) {
    const changed = `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`;
    // The last character of base64 may hold bits that mean nothing.
    if (
      Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(
        Buffer.from(text.split('.')[2] ?? '', 'base64url'),
      ) &&
      changed.split('.').slice(0, 2).join('.') === text.split('.').slice(0, 2).join('.')
    )
      continue;
    expect(() => check(changed), String(i)).toThrow();
  }
  for (const odd of [
    '',
    '.',
    '..',
    '...',
    'a.b.c',
    `${base64([])}.${base64(good)}.AA`,
    `${base64(null)}.x.y`,
    'x'.repeat(100_000),
  ])
    expect(() => check(odd)).toThrow(/it is no signed token|algorithm/);
});
