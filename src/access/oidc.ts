import { createHash } from 'node:crypto';
import { AuspexError } from '../errors.ts';
import type { Clock, Role } from '../model/index.ts';
import type { Outbound } from '../platform/outbound.ts';
import { equalSecrets, newSecret, type RandomBytes, SECRET_FORM } from './credentials.ts';
import { type Claims, type ProviderKey, UnknownKey, verifyIdToken } from './id-token.ts';

export interface OidcSettings {
  /** As the sign-in page calls it. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Null for a public client: the code is then bound by PKCE alone. */
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  /** The claim that the user's name is taken from. */
  readonly nameClaim: string;
  /** The claim whose values give the role. */
  readonly roleClaim: string;
  /** Values of that claim by role; `*` stands for whoever the provider lets in. */
  readonly roles: Readonly<Record<Role, readonly string[]>>;
}

/** Who the provider says it is. */
export interface Identity {
  /** Of issuer and subject: stays when the name changes. */
  readonly key: string;
  readonly name: string;
  readonly role: Role;
}

export interface Oidc {
  readonly name: string;
  /** Where to send the browser, and what it is to keep until it comes back. */
  begin(redirectUri: string): Promise<{ readonly url: string; readonly kept: string }>;
  /** @throws AuspexError UNAUTHENTICATED, FORBIDDEN without a role, UNREACHABLE. */
  finish(
    answer: { code: unknown; state: unknown; error: unknown },
    kept: string,
    redirectUri: string,
  ): Promise<Identity>;
}

interface Provider {
  readonly authorization: string;
  readonly token: string;
  readonly keys: string;
}

const CACHE_MS = 3_600_000;
const FAILED_MS = 5000;
const KEYS_AGAIN_MS = 30_000;
const USER_NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/;

/** Sign-in by a provider of OpenID Connect: authorization code with PKCE, the ID token checked against the provider's keys. */
export function createOidc(
  settings: OidcSettings,
  { outbound, clock, randomBytes }: { outbound: Pick<Outbound, 'request'>; clock: Clock; randomBytes: RandomBytes },
): Oidc {
  const issuer = new URL(settings.issuer);
  let provider: { readonly at: number; readonly value: Promise<Provider> } | null = null;
  let keys: { readonly at: number; readonly value: Promise<readonly ProviderKey[]> } | null = null;

  async function json(url: string, body?: URLSearchParams, headers: Record<string, string> = {}): Promise<Claims> {
    const answer = await outbound.request(url, {
      method: body === undefined ? 'GET' : 'POST',
      // The provider's own place was chosen by the operator; another one only by the provider.
      purpose: new URL(url).origin === issuer.origin ? 'configured' : 'given',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: body.toString() }),
    });
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(answer.body).toString('utf8'));
    } catch {
      value = null;
    }
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (answer.status === 200 && isObject) return value as Claims;
    const told = isObject ? (value as Claims)['error'] : undefined;
    const refused = typeof told === 'string' ? ` (${told.slice(0, 100)})` : '';
    if (body !== undefined && answer.status >= 400 && answer.status < 500)
      throw refusal(`The sign-in provider did not take the code: HTTP ${answer.status}${refused}.`);
    throw new AuspexError(
      'UNREACHABLE',
      `The sign-in provider at ${new URL(url).origin} answered HTTP ${answer.status}.`,
    );
  }

  async function readProvider(): Promise<Provider> {
    const found = await json(`${settings.issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`);
    if (found['issuer'] !== settings.issuer)
      throw new AuspexError(
        'UNREACHABLE',
        `The sign-in provider calls itself by another name than ${settings.issuer}.`,
      );
    const endpoint = (name: string): string => {
      const url = URL.parse(String(found[name]));
      // Over http a code or a key could be changed on the way; a provider that itself is on http was the operator's choice.
      if (url !== null && (url.protocol === 'https:' || url.origin === issuer.origin)) return url.href;
      throw new AuspexError('UNREACHABLE', `The sign-in provider’s ${name} is missing or not https.`);
    };
    return {
      authorization: endpoint('authorization_endpoint'),
      token: endpoint('token_endpoint'),
      keys: endpoint('jwks_uri'),
    };
  }

  function theProvider(): Promise<Provider> {
    const now = clock.monotonic();
    if (provider === null || now - provider.at > CACHE_MS) {
      const value = readProvider();
      provider = { at: now, value };
      // What failed is asked again soon, and not by everybody who comes.
      value.catch(() => (provider = { at: now - CACHE_MS + FAILED_MS, value }));
    }
    return provider.value;
  }

  async function theKeys(again: boolean): Promise<readonly ProviderKey[]> {
    const now = clock.monotonic();
    if (keys === null || now - keys.at > (again ? KEYS_AGAIN_MS : CACHE_MS)) {
      const value = theProvider().then(async (one) => {
        const list = (await json(one.keys))['keys'];
        return Array.isArray(list) ? (list.slice(0, 100) as ProviderKey[]) : [];
      });
      keys = { at: now, value };
      value.catch(() => (keys = { at: now - CACHE_MS + FAILED_MS, value }));
    }
    return keys.value;
  }

  async function claimsOf(token: string, nonce: string): Promise<Claims> {
    const expected = { issuer: settings.issuer, clientId: settings.clientId, nonce, now: clock.now() };
    try {
      return verifyIdToken(token, await theKeys(false), expected);
    } catch (thrown) {
      if (!(thrown instanceof UnknownKey)) throw thrown;
      return verifyIdToken(token, await theKeys(true), expected);
    }
  }

  return {
    name: settings.name,

    async begin(redirectUri) {
      const [state, nonce, verifier] = [newSecret(randomBytes), newSecret(randomBytes), newSecret(randomBytes)];
      const url = new URL((await theProvider()).authorization);
      const query = {
        response_type: 'code',
        client_id: settings.clientId,
        redirect_uri: redirectUri,
        scope: ['openid', ...settings.scopes].join(' '),
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return { url: url.href, kept: `${state}.${nonce}.${verifier}` };
    },

    async finish({ code, state, error }, kept, redirectUri) {
      const [wanted = '', nonce = '', verifier = ''] = kept.split('.', 3);
      if (![wanted, nonce, verifier].every((part) => SECRET_FORM.test(part)))
        throw refusal('This browser did not begin a sign-in here, or more than ten minutes ago. Begin again.');
      if (typeof state !== 'string' || !equalSecrets(state, wanted))
        throw refusal('This answer belongs to another sign-in. Begin again.');
      if (typeof error === 'string') throw refusal(`The sign-in provider refused: ${error.slice(0, 100)}.`);
      if (typeof code !== 'string' || code === '' || code.length > 4096)
        throw refusal('The sign-in provider sent no code.');
      const form = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        ...(settings.clientSecret === null ? { client_id: settings.clientId } : {}),
      });
      const answer = await json((await theProvider()).token, form, credentials(settings));
      let claims: Claims;
      try {
        claims = await claimsOf(String(answer['id_token'] ?? ''), nonce);
      } catch (thrown) {
        if (thrown instanceof AuspexError) throw thrown;
        throw refusal(`The sign-in provider’s token is not valid: ${thrown instanceof Error ? thrown.message : ''}.`);
      }
      return identityOf(claims, settings);
    },
  };
}

function identityOf(claims: Claims, settings: OidcSettings): Identity {
  const told = claims[settings.nameClaim];
  const name = typeof told === 'string' ? told.trim().toLowerCase() : '';
  if (!USER_NAME.test(name) || name === 'owner')
    throw refusal(`The claim “${settings.nameClaim}” of the sign-in provider holds no name that can be used here.`);
  const values = new Set([claims[settings.roleClaim]].flat().filter((value) => typeof value === 'string'));
  const role = (['admin', 'approver', 'operator', 'viewer'] as const).find((one) =>
    settings.roles[one].some((value) => value === '*' || values.has(value)),
  );
  if (role === undefined)
    throw new AuspexError(
      'FORBIDDEN',
      `“${name}” is known to the sign-in provider but has no role here: no value of the claim “${settings.roleClaim}” stands in server.oidc.roles.`,
    );
  const key = createHash('sha256')
    .update(JSON.stringify([claims['iss'], claims['sub']]))
    .digest('hex');
  return { key, name, role };
}

/** RFC 6749: both parts are written as in a form before they are joined. */
function credentials({ clientId, clientSecret }: OidcSettings): Record<string, string> {
  if (clientSecret === null) return {};
  const pair = [clientId, clientSecret].map((part) => encodeURIComponent(part)).join(':');
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function refusal(detail: string): AuspexError {
  return new AuspexError('UNAUTHENTICATED', detail);
}
