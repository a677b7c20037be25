import { expect, onTestFinished, test } from 'vitest';
import { errorClassOf } from '../detect/error-class.ts';
import { ownFrame } from '../detect/own-frame.ts';
import { ERROR_CLASSES, type ErrorEvent, type RecordStore } from '../model/index.ts';
import { createLogger } from '../telemetry/log.ts';
import { ErrorKeeper } from './error-keeper.ts';

const NOW = 1_780_000_000_000;

/** Records in memory, of which the keeper needs little; `failing` makes the next write fail. */
function memoryRecords(): { records: RecordStore; rows: Map<string, unknown>; writes: () => number; fail: () => void } {
  const rows = new Map<string, { id: string }>();
  let writes = 0;
  let isFailing = false;
  const access = {
    count: async () => rows.size,
    find: async (_: string, { where }: { where: { id: { in: readonly string[] } } }) => ({
      rows: where.id.in.flatMap((id) => rows.get(id) ?? []),
      nextCursor: null,
    }),
    put: async (_: string, given: readonly { id: string }[]) => {
      if (isFailing) {
        isFailing = false;
        throw new Error('the disk is gone');
      }
      writes++;
      for (const row of given) rows.set(row.id, row);
    },
  };
  const records = { transaction: (work: (of: unknown) => Promise<unknown>) => work(access) } as unknown as RecordStore;
  return { records, rows, writes: () => writes, fail: () => (isFailing = true) };
}

function setup() {
  const memory = memoryRecords();
  const keeper = new ErrorKeeper({
    records: memory.records,
    entityOf: () => 'service:shop',
    clock: { now: () => NOW, monotonic: () => 0 },
    log: createLogger('silent'),
    repeat: () => () => {},
  });
  onTestFinished(() => keeper.close());
  return { ...memory, keeper };
}

const errorOf = (message: string, more: Partial<ErrorEvent> = {}): ErrorEvent => ({
  at: NOW,
  labels: [],
  component: 'db',
  type: '',
  message,
  code: '',
  stack: '',
  ...more,
});

test('one write for all that came, one row a kind, earliest and latest time kept', async () => {
  const { keeper, rows, writes } = setup();
  keeper.take([errorOf('took 17 ms', { at: NOW + 5 }), errorOf('took 3 ms', { at: NOW - 5 }), errorOf('other')]);
  await keeper.flush();
  keeper.take([errorOf('took 99 ms', { at: NOW + 9, component: 'pool' })]);
  await keeper.flush();
  await keeper.flush();
  expect(writes()).toBe(2);
  expect([...rows.values()]).toEqual([
    expect.objectContaining({
      count: 3,
      firstSeenAt: NOW - 5,
      lastSeenAt: NOW + 9,
      component: 'pool',
      confidence: 0.5,
    }),
    expect.objectContaining({ count: 1, message: 'other' }),
  ]);
});

test('the fingerprint is the same on every worker, and another with another type or frame', async () => {
  const ids: string[][] = [];
  for (const errors of [
    [errorOf('no 1'), errorOf('no 1', { type: 'TypeError' })],
    [
      errorOf('no 2'),
      errorOf('no 2', { stack: '  at go (/app/a.js:1:2)' }),
      errorOf('no 3', { stack: '  at go (/app/a.js:9:9)' }),
    ],
  ]) {
    const { keeper, rows } = setup();
    keeper.take(errors);
    await keeper.flush();
    ids.push([...rows.keys()]);
  }
  expect(ids.map((each) => each.length)).toEqual([2, 2]);
  expect(ids[0]?.[0]).toBe(ids[1]?.[0]);
  expect(new Set(ids.flat()).size).toBe(3);
  expect(ids[0]?.[0]).toMatch(/^[0-9a-f]{64}$/);
});

test('what could not be written is written the next time, with what came meanwhile', async () => {
  const { keeper, rows, fail } = setup();
  fail();
  keeper.take([errorOf('a 1')]);
  await keeper.flush();
  expect(rows.size).toBe(0);
  keeper.take([errorOf('a 2'), errorOf('b')]);
  await keeper.flush();
  expect([...rows.values()]).toEqual([expect.objectContaining({ count: 2 }), expect.objectContaining({ count: 1 })]);
});

test('kinds without end are bounded', async () => {
  const { keeper, rows } = setup();
  const word = (i: number): string => String(i).replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');
  keeper.take(Array.from({ length: 3000 }, (_, i) => errorOf(`failure ${word(i)}`)));
  await keeper.flush();
  expect(rows.size).toBe(2000);
  expect(keeper.leftOut).toBe(1000);
});

test.each([
  ['connection', 'Error', 'connect ECONNREFUSED 127.0.0.1:5432'],
  ['connection', 'java.net.ConnectException', 'Connection refused'],
  ['timeout', '', 'context deadline exceeded'],
  ['timeout', 'ReadTimeout', 'The read operation timed out'],
  ['not_found', 'FileNotFoundError', '[Errno 2] No such file or directory: /x'],
  ['not_found', '', 'GET /cart 404 Not Found'],
  ['permission', '', "EACCES: permission denied, open '/etc/shadow'"],
  ['port_conflict', '', 'listen EADDRINUSE: address already in use :::8080'],
  ['port_conflict', '', 'Bind for 0.0.0.0:80 failed: port is already allocated'],
  ['dependency', 'Error', "Cannot find module 'pg'"],
  ['dependency', 'ModuleNotFoundError', "No module named 'requests'"],
  ['syntax', 'SyntaxError', 'Unexpected token } in JSON at position 4'],
  ['memory', '', 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
  ['memory', 'java.lang.OutOfMemoryError', 'Java heap space'],
  ['general', 'TypeError', 'x is undefined'],
] as const)('%s: %s %s', (expected, type, message) => {
  expect(ERROR_CLASSES).toContain(expected);
  expect(errorClassOf(type, message)).toBe(expected);
});

test.each([
  [
    'JavaScript',
    'Error: x\n  at q (/app/node_modules/pg/a.js:1:1)\n  at load (/app/src/cart.js:42:7)',
    'load (/app/src/cart.js:42:7)',
  ],
  [
    'Java',
    'java.io.IOException\n\tat java.base/java.net.X.y(X.java:1)\n\tat java.util.List.get(List.java:3)\n\tat shop.Cart.load(Cart.java:7)',
    'shop.Cart.load(Cart.java:7)',
  ],
  [
    'Python',
    'Traceback\n  File "/app/shop.py", line 3, in load\n    x()\n  File "/usr/lib/python3/dist-packages/pg.py", line 9, in q',
    '/app/shop.py in load',
  ],
  ['Go', 'goroutine 1 [running]:\nmain.load()\n\t/src/shop/cart.go:42 +0x1d', '/src/shop/cart.go'],
  ['none', 'something else', ''],
])('own frame of a stack of %s', (_language, stack, frame) => {
  expect(ownFrame(stack)).toBe(frame);
});
