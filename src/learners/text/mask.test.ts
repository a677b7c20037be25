import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fingerprint } from './fingerprint.ts';
import { maskMessage } from './mask.ts';

test.each([
  ['took 153 ms', 'took <size>'],
  ['took 0.25 sec for 12 of 20 rows', 'took <size> for <number> of <number> rows'],
  ['offset -12', 'offset <number>'],
  ['used 41% of disk', 'used <number> of disk'],
  ['read /var/lib/app/data.db: no such file', 'read <path>: no such file'],
  ['open C:\\Windows\\temp\\x.log failed', 'open <path> failed'],
  ['GET https://example.com/a?b=1&c=2 failed', 'GET <path> failed'],
  ['from 10.0.0.7', 'from <address>'],
  ['from fe80:0:0:0:1:2:3:4 now', 'from <address> now'],
  ['host db.internal.example.com down', 'host <address> down'],
  ['mac 00:1b:44:11:3a:b7 seen', 'mac <address> seen'],
  ['id 123e4567-e89b-12d3-a456-426614174000 gone', 'id <id> gone'],
  ['block blk_-3587508140051953248 lost', 'block <id> lost'],
  ['at 0x7fffe3a1 in module', 'at <id> in module'],
  ['commit deadbeef applied', 'commit <id> applied'],
  ['at 2015-07-29 17:41:44,747 exactly', 'at <time> exactly'],
  ['since Fri Jun 17 07:07:00 2005 up', 'since <time> up'],
  ['status=M Fri Jul 01 08:16:53 PDT 2005', 'status=M <time>'],
  ['mail to anna@example.com bounced', 'mail to <id> bounced'],
  ['nodes 1, 2, 3, 4 left', 'nodes <list> left'],
  ['1,249 bytes (1.21 KB) sent', '<list> bytes sent'],
  ['user= uid=0 tty=ssh', 'user=<empty> uid=<number> tty=ssh'],
  ['from host () at', 'from host (<empty>) at'],
  ['lifetime <1 sec', 'lifetime <size>'],
])('masks %s', (line, masked) => {
  expect(maskMessage(line)).toBe(masked);
});

test.each([
  'Failed password for invalid user',
  'ssh2 eth0 HTTP tty2 jk2_init() Slf4jLogger',
  'May the force be with you',
  'read/write error and/or load',
  'org.apache.spark.network.netty.NettyBlockTransferService',
  'android.intent.action.SCREEN_ON',
  "can't get client address!",
])('leaves the words of %s', (line) => {
  expect(maskMessage(line)).toBe(line);
});

test('a line of any length and any characters is masked in bounded work', () => {
  expect(maskMessage('')).toBe('');
  expect(maskMessage('x '.repeat(100_000)).length).toBeLessThan(5000);
  expect(maskMessage('日本語 ошибка 42')).toBe('日本語 ошибка <number>');
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('a fingerprint is the same for the same error with other values, and another for another type, message or place', () => {
  const error = {
    type: 'TimeoutError',
    message: 'no answer from 10.0.0.7:5432 after 3000 ms',
    topFrame: 'at query (src/db.ts:41:7)',
  };
  const again = {
    ...error,
    message: 'no answer from 10.9.1.1:5433 after 12000 ms',
    topFrame: 'at query (src/db.ts:57:11)',
  };
  expect(fingerprint(error, sha256)).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprint(again, sha256)).toBe(fingerprint(error, sha256));
  for (const other of [
    { ...error, type: 'TypeError' },
    { ...error, message: 'no route to 10.0.0.7:5432 after 3000 ms' },
    { ...error, topFrame: 'at connect (src/db.ts:41:7)' },
  ]) {
    expect(fingerprint(other, sha256)).not.toBe(fingerprint(error, sha256));
  }
});
