import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { type Route, routes } from '../../src/api/contract/index.ts';
import { labelsFrom } from '../../src/model/index.ts';
import { type Running, startServer } from '../integration/api/running-server.ts';
import { CASES, COSTLY_CASES, FUZZ_TIMEOUT_MS } from './fuzz.ts';

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());

const table = Object.entries(routes) as [string, Route][];
/** Of one run of the library, which remembers them. */
const PART = 2000;
const LONGEST_MS = 100;
/** Hashing a password is slow on purpose; another thread does it. */
const hashes = new Set(['signIn', 'claimAccount', 'changePassword']);
/** Reads or writes all there is: it takes as long as that takes, but holds the loop no longer than the others. */
const whole = new Set(['verifyAudit', 'exportAudit', 'backup']);

interface Sent {
  readonly path: string;
  readonly query: string;
  readonly body: string | null;
}

/** Sends the path as it stands: `fetch` would tidy it. */
async function send(route: Route, { path, query, body }: Sent): Promise<{ status: number; text: string; ms: number }> {
  const began = performance.now();
  return await new Promise((done, fail) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: running.port,
        method: route.method,
        path: query === '' ? path : `${path}?${query}`,
        headers: {
          authorization: `Bearer ${running.tokens.admin}`,
          ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => done({ status: answer.statusCode ?? 0, text, ms: performance.now() - began }));
      },
    );
    call.on('error', fail).end(body ?? undefined);
  });
}

/** As `send`, but `ms` is the longest that the loop, which the server shares with this test, was held. */
async function sendWatched(route: Route, sent: Sent): Promise<{ status: number; text: string; ms: number }> {
  let last = performance.now();
  let ms = 0;
  const beat = setInterval(() => {
    ms = Math.max(ms, performance.now() - last - 5);
    last = performance.now();
  }, 5);
  const { status, text } = await send(route, sent);
  clearInterval(beat);
  return { status, text, ms };
}

const shapeOf = (schema: z.ZodType | undefined): string[] =>
  schema !== undefined && 'shape' in schema ? Object.keys(schema.shape as object) : [];

const word = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      '0',
      '-1',
      '1e309',
      'NaN',
      'null',
      'true',
      '__proto__',
      'constructor',
      'host:a',
      'web-1',
      '..',
      '%00',
      '2026-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '-1d',
      'csv',
      'json',
      '{a=~"(.*)*b"}',
      'node_load1',
      "' OR 1=1--",
    ),
  },
  { weight: 1, arbitrary: fc.string({ minLength: 300, maxLength: 3000 }) },
);

/** Values with the names that the schema has, so that more than its first check is reached. */
function bodyFor(schema: z.ZodType | undefined): fc.Arbitrary<string | null> {
  if (schema === undefined) return fc.constant(null);
  const names = shapeOf(schema);
  const value = fc.oneof(word, fc.jsonValue({ maxDepth: 3 }));
  const named = fc.dictionary(fc.constantFrom(...names, '__proto__', 'a'), value, { maxKeys: 8 });
  return fc.oneof(
    named.map((given) => JSON.stringify(given)),
    fc.array(named, { maxLength: 3 }).map((given) => JSON.stringify(given)),
    fc.jsonValue().map((given) => JSON.stringify(given)),
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
}

function requestsTo(route: Route): fc.Arbitrary<Sent> {
  const params = [...route.path.matchAll(/\{(\w+)\}/g)].map(([whole]) => whole);
  const path = fc
    .array(
      word.filter((text) => text !== ''),
      { minLength: params.length, maxLength: params.length },
    )
    .map((values) => params.reduce((made, name, i) => made.replace(name, () => escaped(values[i] ?? '')), route.path));
  const names = shapeOf(route.query);
  const query = fc
    .array(fc.tuple(fc.constantFrom(...names, 'limit', '__proto__', 'x'), word), { maxLength: 4 })
    .map((pairs) => pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&'));
  return fc.record({ path, query, body: bodyFor(route.body) });
}

function escaped(text: string): string {
  // Lone surrogates have no UTF-8.
  return encodeURIComponent(text.toWellFormed()).slice(0, 8000);
}

// What ends the session of the other cases is left out.
const fuzzed = table.filter(([id]) => id !== 'signOut');

test.each(fuzzed)(
  '%s takes any request without failing or stalling',
  { timeout: FUZZ_TIMEOUT_MS * 4 },
  async (id, route) => {
    const property = fc.asyncProperty(requestsTo(route), async (sent) => {
      const attempt = whole.has(id) ? sendWatched : send;
      let answer = await attempt(route, sent);
      // The machine may have been busy.
      for (let again = 0; again < 5 && answer.ms > LONGEST_MS; again++) {
        await new Promise((wake) => setTimeout(wake, 50));
        answer = await attempt(route, sent);
      }
      expect(answer.status, `${answer.status} ${answer.text.slice(0, 300)}`).toBeLessThan(500);
      expect(answer.ms).toBeLessThan(hashes.has(id) ? 10 * LONGEST_MS : LONGEST_MS);
    });
    for (let left = whole.has(id) ? 20 : COSTLY_CASES; left > 0; left -= PART)
      await fc.assert(property, { numRuns: Math.min(left, PART) });
  },
);

test('the live socket takes any request without failing or stalling', { timeout: FUZZ_TIMEOUT_MS * 4 }, async () => {
  const property = fc.asyncProperty(
    fc.array(fc.tuple(fc.constantFrom('topics', 'after', 'x'), word), { maxLength: 3 }),
    fc.constantFrom('13', '8', '', '999999999999'),
    fc.stringMatching(/^[A-Za-z0-9+/=]{0,30}$/),
    async (pairs, version, key) => {
      const query = pairs.map(([name, value]) => `${name}=${escaped(value)}`).join('&');
      let answer = await upgrade(`/api/live?${query}`, { version, key });
      for (let again = 0; again < 5 && answer.ms > LONGEST_MS; again++)
        answer = await upgrade(`/api/live?${query}`, { version, key });
      expect(answer.status, query).toBeLessThan(500);
      expect(answer.ms).toBeLessThan(LONGEST_MS);
    },
  );
  for (let left = COSTLY_CASES; left > 0; left -= PART) await fc.assert(property, { numRuns: Math.min(left, PART) });
});

async function upgrade(
  path: string,
  { version, key }: { version: string; key: string },
): Promise<{ status: number; ms: number }> {
  const began = performance.now();
  return await new Promise((done, fail) => {
    const call = request({
      host: '127.0.0.1',
      port: running.port,
      path,
      headers: {
        authorization: `Bearer ${running.tokens.read}`,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': version,
        'sec-websocket-key': key,
      },
    });
    const end = (status: number | undefined): void => done({ status: status ?? 0, ms: performance.now() - began });
    call.on('upgrade', (answer, socket) => {
      socket.destroy();
      end(answer.statusCode);
    });
    call.on('response', (answer) => {
      answer.resume();
      end(answer.statusCode);
    });
    call.on('error', fail).end();
  });
}

test.each(['(a+)+$', '(a|a)*b', '(.*a){12}', '(?:a?){300}a{300}'])(
  'the pattern %s over label values made for it does not stall',
  async (pattern) => {
    const values = Array.from({ length: 20 }, (_, i) => `${'a'.repeat(4000)}${i}!`);
    for (const value of values)
      running.metrics.index.resolve(
        labelsFrom([
          ['__name__', 'trap'],
          ['instance', 'web-1'],
          ['v', value],
        ]),
        'gauge',
      );
    const match = encodeURIComponent(`trap{v=~"${pattern}"}`);
    const { status, ms } = await send(routes.series, { path: '/api/series', query: `match=${match}`, body: null });
    expect(status).toBe(200);
    // By backtracking it would take centuries; this leaves room for a busy machine.
    expect(ms).toBeLessThan(20 * LONGEST_MS);
  },
);

const steps = [
  '../',
  '..\\',
  '%2e%2e%2f',
  '%2e%2e/',
  '..%2f',
  '%252e%252e%252f',
  '..%5c',
  '%c0%ae%c0%ae/',
  '....//',
  './../',
];
const goals = [
  'canary',
  'canary.json',
  'cli-token',
  'etc/passwd',
  'canary%00.json',
  'canary%00',
  'canary?x',
  'canary#x',
  'canary/',
  'canary%2e',
];
/** 100 ways in which an id may try to be a path. */
const pathTricks = steps.flatMap((step) => goals.map((goal) => step.repeat(6) + goal));
const absolute = [
  '/etc/passwd',
  '%2fetc%2fpasswd',
  'file:///etc/passwd',
  'C:\\canary',
  '\\\\host\\share',
  '~/canary',
  '..',
  '.',
  '%2e%2e',
  '%00',
];
const idRoutes = table.filter(([, route]) => route.path.includes('{'));

test.each(idRoutes)('%s: no id leaves its folder', async (_, route) => {
  writeFileSync(join(running.staticDir, '../canary'), 'CANARY-PATH');
  writeFileSync(join(running.staticDir, '../canary.json'), '"CANARY-PATH"');
  mkdirSync(join(running.staticDir, '../models'), { recursive: true });
  const before = readdirSync(join(running.staticDir, '..'), { recursive: true }).map(String).sort();
  for (const trick of [...pathTricks, ...absolute]) {
    for (const written of [trick, encodeURIComponent(trick)]) {
      const path = route.path.replaceAll(/\{\w+\}/g, () => written);
      const body = route.body === undefined ? null : JSON.stringify({ verdict: 'normal', entity: trick, version: 1 });
      const { status, text } = await send(route, { path, query: '', body });
      expect(status, `${path}: ${status} ${text.slice(0, 200)}`).toBeLessThan(500);
      expect(text, path).not.toMatch(/CANARY-PATH|root:x:/);
    }
  }
  // Nothing was made either: the database's own files apart.
  const after = readdirSync(join(running.staticDir, '..'), { recursive: true }).map(String).sort();
  expect(after.filter((name) => !before.includes(name) && !/-(wal|shm|journal)$/.test(name))).toEqual([]);
});

const POLLUTING = Math.max(100, Math.min(10_000, CASES * 10));

test(`${POLLUTING} bodies that would change Object.prototype leave it as it is`, {
  timeout: FUZZ_TIMEOUT_MS * 4,
}, async () => {
  const before = Reflect.ownKeys(Object.prototype).map(String).sort();
  const takers = table.filter(([, route]) => route.body !== undefined && route.consumes === undefined);
  const poison = fc.constantFrom(
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"labels":{"__proto__":{"polluted":"1"}},"a":{"constructor":{"prototype":{"polluted":1}}}}',
    '[{"__proto__":{"polluted":1},"job":"x"}]',
    '{"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":1}}',
    '{"name":"x","host":"__proto__","polluted":1,"labels":{"constructor":"x"}}',
  );
  const cases = fc.sample(fc.tuple(poison, fc.constantFrom(...takers), fc.nat(1e6)), POLLUTING);
  for (const [body, [, route], n] of cases) {
    const path = route.path.replaceAll(/\{\w+\}/g, n % 2 === 0 ? '__proto__' : 'constructor');
    const { status, text } = await send(route, { path, query: n % 3 === 0 ? '__proto__[polluted]=1' : '', body });
    expect(status, text).toBeLessThan(500);
  }
  expect(Reflect.ownKeys(Object.prototype).map(String).sort()).toEqual(before);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
