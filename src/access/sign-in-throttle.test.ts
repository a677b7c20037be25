import { expect, test } from 'vitest';
import { SignInThrottle, TRIES, type Try } from './sign-in-throttle.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = { at: 0, monotonic: () => clock.at };
  return { clock, throttle: new SignInThrottle(clock, (count) => new Uint8Array(count).fill(7)) };
}

function taken(throttle: SignInThrottle, attempt: Partial<Try>): boolean {
  try {
    throttle.take({ account: 'owner', exists: true, source: '198.51.100.1', device: null, ...attempt });
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'TOO_MANY_TRIES' });
    return false;
  }
}

const count = (n: number, one: (i: number) => boolean) =>
  Array.from({ length: n }, (_, i) => one(i)).filter(Boolean).length;

test('of a thousand guesses in an hour and a half, no minute has more tries than the account’s limit', () => {
  const { clock, throttle } = setUp();
  const times: number[] = [];
  for (let i = 0; i < 1000; i++) {
    clock.at += 5400;
    // As spread out as a guesser can be: each guess from an address of its own.
    if (taken(throttle, { source: `2001:db8:${i.toString(16)}::/64` })) times.push(clock.at);
  }
  for (const from of times) {
    const within = times.filter((at) => at >= from && at < from + MINUTE).length;
    expect(within).toBeLessThanOrEqual(TRIES.accountByStrangers);
  }
  expect(times.length).toBeGreaterThan(100);
});

test('one address has three tries a minute on an account and ten in all; the owner’s other address is not touched', () => {
  const { throttle } = setUp();
  expect(count(50, () => taken(throttle, {}))).toBe(TRIES.accountBySource);
  expect(taken(throttle, { source: '203.0.113.5' })).toBe(true);
  const sprayed = count(50, (i) => taken(throttle, { account: `user${i}`, exists: i % 2 === 0 }));
  expect(sprayed).toBe(TRIES.source - TRIES.accountBySource);
});

test('what strangers used up leaves room for a browser that has signed in before', () => {
  const { clock, throttle } = setUp();
  const guesses = () => count(1000, (i) => taken(throttle, { source: `10.0.${i >> 8}.${i & 255}` }));
  expect(guesses()).toBe(TRIES.accountByStrangers);
  expect(count(50, () => taken(throttle, { device: 'mine' }))).toBe(TRIES.account - TRIES.accountByStrangers);
  clock.at += MINUTE;
  expect(taken(throttle, { device: 'mine' })).toBe(true);
  expect(guesses()).toBe(TRIES.accountByStrangers);
});

test('the wait that is told is enough, and no longer than needed', () => {
  const { clock, throttle } = setUp();
  count(3, () => taken(throttle, {}));
  clock.at += 10_500;
  let told = 0;
  try {
    throttle.take({ account: 'owner', exists: true, source: '198.51.100.1', device: null });
  } catch (error) {
    told = (error as { data: { retryAfterSeconds: number } }).data.retryAfterSeconds;
  }
  expect(told).toBe(50);
  clock.at += 49_000;
  expect(taken(throttle, {})).toBe(false);
  clock.at += 1000;
  expect(taken(throttle, {})).toBe(true);
});

test('who signed in after mistyping begins anew from there, within the account’s own count', () => {
  const { throttle } = setUp();
  const mine = { account: 'owner', exists: true, source: '198.51.100.1', device: null };
  expect(count(3, () => taken(throttle, {}))).toBe(3);
  throttle.succeeded(mine);
  expect(count(9, () => taken(throttle, {}))).toBe(3);
  throttle.succeeded(mine);
  expect(count(9, () => taken(throttle, {}))).toBe(TRIES.accountByStrangers - 6);
});

test('ten thousand names of nobody cost bounded memory and are answered as those of somebody', () => {
  const { throttle } = setUp();
  const started = process.memoryUsage().heapUsed;
  for (let i = 0; i < 10_000; i++) taken(throttle, { account: `guess ${i}`, exists: false, source: `source ${i}` });
  expect(process.memoryUsage().heapUsed - started).toBeLessThan(32 * 1024 * 1024);
  expect(count(50, () => taken(throttle, { account: 'nobody', exists: false, source: 'fresh' }))).toBeLessThanOrEqual(
    3,
  );
  // Users are never pushed out by them.
  expect(count(50, (i) => taken(throttle, { source: `fresh ${i}` }))).toBe(TRIES.accountByStrangers);
  expect(count(50, (i) => taken(throttle, { source: `fresh ${i}` }))).toBe(0);
});
