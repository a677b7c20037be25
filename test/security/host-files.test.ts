import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BASIC, FixtureHost, stat } from '../integration/host/fixture-tree.ts';
import { bytesLike, COSTLY_CASES, FUZZ_TIMEOUT_MS } from './fuzz.ts';

const PART = 2000;

const files: Readonly<Record<string, string>> = {
  ...BASIC,
  'proc/pressure/cpu': 'some avg10=1.50 avg60=0.70 avg300=0.20 total=123456\n',
  'proc/pressure/memory':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  'proc/vmstat': 'pgpgin 1\npgmajfault 12\noom_kill 0\npswpin 1\npswpout 2\n',
  'proc/net/snmp': 'Tcp: RtoAlgorithm RetransSegs OutSegs\nTcp: 1 5 1000\nUdp: InDatagrams\nUdp: 1\n',
  'proc/net/netstat': 'TcpExt: ListenOverflows ListenDrops\nTcpExt: 1 2\n',
  'proc/net/sockstat': 'sockets: used 10\nTCP: inuse 5 orphan 0 tw 0 alloc 6 mem 1\n',
  'proc/net/tcp':
    '  sl  local_address rem_address   st\n   0: 0100007F:1234 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n',
  'proc/1/cgroup': '0::/init.scope\n',
  'proc/7/cmdline': 'node\0/srv/app.js\0',
  'proc/7/io': 'rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\n',
  'proc/7/status': 'Name:\tnode\nUid:\t0\t0\t0\t0\nVmRSS:\t  100 kB\n',
  ...stat(7, 'node', { pages: 900 }),
};
const paths = Object.keys(files);

test('a host whose files hold any bytes is read: no error, no stall', { timeout: FUZZ_TIMEOUT_MS * 5 }, async () => {
  const altered = fc
    .constantFrom(...paths)
    .chain((path) => fc.tuple(fc.constant(path), bytesLike(Buffer.from(files[path] ?? ''))));
  const host = new FixtureHost(files);
  try {
    await host.sample();
    const property = fc.asyncProperty(fc.array(altered, { minLength: 1, maxLength: 3 }), async (changes) => {
      // Latin-1: each byte as it is.
      host.tree.write(
        Object.fromEntries(changes.map(([path, bytes]) => [path, Buffer.from(bytes).toString('latin1')])),
      );
      const began = performance.now();
      const { values } = await host.sample();
      const ms = performance.now() - began;
      for (const value of values.values()) expect(typeof value).toBe('number');
      expect(ms).toBeLessThan(500);
      host.tree.write(Object.fromEntries(changes.map(([path]) => [path, files[path] ?? ''])));
    });
    for (let left = COSTLY_CASES; left > 0; left -= PART) await fc.assert(property, { numRuns: Math.min(left, PART) });
  } finally {
    host.close();
  }
});
