import { createHmac, timingSafeEqual } from 'node:crypto';

/* JSON web tokens (RFC 7519) with HS256, as much of them as the shop needs. */

/** How far two clocks may differ, in seconds. */
const LEEWAY = 5;

export interface Claims {
  readonly sub: string;
  readonly nbf: number;
  readonly exp: number;
}

export function signToken(claims: Claims, secret: string): string {
  const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${head}.${signature(head, secret)}`;
}

/** Why a token is not taken at the given time (ms); its claims when it is. */
export function checkToken(token: string, secret: string, now: number): Claims | string {
  const end = token.lastIndexOf('.');
  const given = Buffer.from(token.slice(end + 1));
  const right = Buffer.from(signature(token.slice(0, Math.max(0, end)), secret));
  if (given.length !== right.length || !timingSafeEqual(given, right)) return 'the signature is wrong';
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
  const seconds = now / 1000;
  if (seconds > claims.exp + LEEWAY) return `the token ended ${Math.round(seconds - claims.exp)} s ago`;
  if (seconds < claims.nbf - LEEWAY) return `the token begins in ${Math.round(claims.nbf - seconds)} s`;
  return claims;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}
