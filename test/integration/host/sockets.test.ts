import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { BASIC, FixtureHost, stat } from './fixture-tree.ts';
import { CLIENT, program, realSampler, SERVER, shows } from './real-sockets.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const LISTEN = '0A';
const ESTABLISHED = '01';
const NOBODY = '00000000:0000';
/** As `/proc/net/tcp` of a machine whose lowest byte comes first. */
function table(...rows: readonly (readonly [local: string, remote: string, state: string, inode: number])[]): string {
  return HEADING + rows.map(([local, remote, state, inode], i) => row(i, local, remote, state, inode)).join('');
}
function row(i: number, local: string, remote: string, state: string, inode: number): string {
  return `   ${i}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;
}

function host(files: Readonly<Record<string, string>>): FixtureHost {
  const made = new FixtureHost({ ...BASIC, ...files });
  closing.push(() => made.close());
  return made;
}
function holds(h: FixtureHost, pid: number, fd: number, inode: number): void {
  mkdirSync(`${h.tree.root}proc/${pid}/fd`, { recursive: true });
  symlinkSync(`socket:[${inode}]`, `${h.tree.root}proc/${pid}/fd/${fd}`);
}
const socketSeries = (values: ReadonlyMap<string, number>) =>
  Object.fromEntries([...values].filter(([name]) => /^auspex_host_(listener|connections)/.test(name)));

test('a connection is told by its listening side, from both ends', async () => {
  const h = host({
    ...stat(10, 'redis-server'),
    ...stat(11, 'api'),
    'proc/net/tcp': table(
      ['0100007F:18EB', NOBODY, LISTEN, 501],
      ['0100007F:C350', '0100007F:18EB', ESTABLISHED, 502],
      ['0100007F:18EB', '0100007F:C350', ESTABLISHED, 503],
      ['0100007F:C351', '0100007F:18EB', '06', 0],
    ),
  });
  holds(h, 10, 3, 501);
  holds(h, 10, 4, 503);
  holds(h, 11, 9, 502);
  expect(socketSeries((await h.sample()).values)).toEqual({
    'auspex_host_listener{address="127.0.0.1",endpoint="127.0.0.1:6379",groupname="redis-server",port="6379"}': 1,
    'auspex_host_listener_connections{groupname="redis-server",port="6379"}': 1,
    'auspex_host_connections{groupname="api",peer="127.0.0.1:6379"}': 1,
  });
});

test('a connection that ended shows 0 for a while, a listener that ended is gone at once', async () => {
  const h = host({
    ...stat(11, 'api'),
    'proc/net/tcp': table(['00000000:0050', NOBODY, LISTEN, 501], ['0A00000A:C350', '0B00000A:1538', ESTABLISHED, 502]),
  });
  holds(h, 11, 3, 501);
  holds(h, 11, 9, 502);
  const talk = 'auspex_host_connections{endpoint="0.0.0.0:80",groupname="api",peer="10.0.0.11:5432"}';
  expect((await h.sample()).values.get(talk)).toBe(1);
  h.tree.write({ 'proc/net/tcp': table() });
  const { values, stale } = await h.sample();
  expect(values.get(talk)).toBe(0);
  expect(stale).toContain('auspex_host_listener{address="0.0.0.0",endpoint="0.0.0.0:80",groupname="api",port="80"}');
  for (let i = 0; i < 6; i++) await h.sample();
  expect(socketSeries((await h.sample()).values)).toEqual({});
});

test('what an ended listener had taken is nobody’s call, nor is the far end of two random ports', async () => {
  const h = host({
    'proc/net/tcp': table(
      ['0A00000A:18EB', '0B00000A:C350', ESTABLISHED, 0],
      ['0100007F:C350', '0100007F:C351', ESTABLISHED, 0],
    ),
  });
  expect(socketSeries((await h.sample()).values)).toEqual({});
});

test('sockets that nobody holds are shown as of nobody known; a socket that the first process handed on is its user’s', async () => {
  const h = host({
    ...stat(1, 'systemd'),
    ...stat(12, 'sshd'),
    'proc/net/tcp': table(['00000000:0016', NOBODY, LISTEN, 700], ['00000000:0801', NOBODY, LISTEN, 701]),
  });
  holds(h, 1, 3, 700);
  holds(h, 12, 3, 700);
  const { values } = await h.sample();
  expect(values.get('auspex_host_listener{address="0.0.0.0",endpoint="0.0.0.0:22",groupname="sshd",port="22"}')).toBe(
    1,
  );
  expect(values.get('auspex_host_listener{address="0.0.0.0",groupname="unknown",port="2049"}')).toBe(1);
});

test('programs of one name are told apart by what they listen on, workers by what their parent does', async () => {
  const h = host({
    ...stat(10, 'app'),
    ...stat(20, 'app'),
    ...stat(21, 'app', { parent: 20 }),
    'proc/net/tcp': table(
      ['00000000:1F91', NOBODY, LISTEN, 501],
      ['00000000:1F90', NOBODY, LISTEN, 502],
      ['00000000:2000', NOBODY, LISTEN, 503],
      ['0A00000A:C350', '0B00000A:1538', ESTABLISHED, 504],
      ['0A00000A:C351', '0B00000A:1538', ESTABLISHED, 505],
    ),
  });
  holds(h, 10, 3, 501);
  holds(h, 10, 4, 502);
  holds(h, 10, 5, 504);
  holds(h, 20, 3, 503);
  holds(h, 21, 4, 505);
  const { values } = await h.sample();
  const of = (labels: string) => values.get(`auspex_host_${labels}`);
  expect(of('listener{address="0.0.0.0",endpoint="0.0.0.0:8080",groupname="app",port="8081"}')).toBe(1);
  expect(of('connections{endpoint="0.0.0.0:8080",groupname="app",peer="10.0.0.11:5432"}')).toBe(1);
  expect(of('connections{endpoint="0.0.0.0:8192",groupname="app",peer="10.0.0.11:5432"}')).toBe(1);
});

test('names are bounded: beyond 200 peers a day the others are one', async () => {
  const rows = Array.from({ length: 250 }, (_, i) => {
    const peer = `${(i % 250).toString(16).padStart(2, '0').toUpperCase()}00020A:01BB`;
    return [`0A00000A:C${(0x100 + i).toString(16).toUpperCase()}`, peer, ESTABLISHED, 1000 + i] as const;
  });
  const h = host({ ...stat(11, 'crawler'), 'proc/net/tcp': table(...rows) });
  for (let i = 0; i < 250; i++) holds(h, 11, i, 1000 + i);
  const { values } = await h.sample();
  expect(Object.keys(socketSeries(values))).toHaveLength(201);
  expect(values.get('auspex_host_connections{groupname="other",peer="other"}')).toBe(50);
});

test('garbage in the table is passed over', async () => {
  const h = host({
    'proc/net/tcp': `${HEADING}   0: nonsense\n\u0000\u0001: :\n   2: 0100007F:18EB 00000000:0000 0A\n`,
  });
  expect(Object.keys(socketSeries((await h.sample()).values))).toEqual([
    'auspex_host_listener{address="127.0.0.1",groupname="unknown",port="6379"}',
    'auspex_host_listener_connections{groupname="unknown",port="6379"}',
  ]);
});

const isLinux = process.platform === 'linux';

test.skipIf(!isLinux)(
  'real programs on this host: who listens, who calls it, how many came',
  { timeout: 60_000 },
  async () => {
    const port = await program(closing, 'sockets-server.cjs', SERVER, [], '127.0.0.1');
    const sampler = realSampler(closing);
    await shows(
      sampler,
      `auspex_host_listener{address="127.0.0.1",endpoint="127.0.0.1:${port}",groupname="node sockets-server.cjs",port="${port}"}`,
    );
    await program(closing, 'sockets-client.cjs', CLIENT, [], '127.0.0.1', port);
    const values = await shows(
      sampler,
      `auspex_host_connections{groupname="node sockets-client.cjs",peer="127.0.0.1:${port}"}`,
    );
    expect(values.get(`auspex_host_connections{groupname="node sockets-client.cjs",peer="127.0.0.1:${port}"}`)).toBe(3);
    expect(values.get(`auspex_host_listener_connections{groupname="node sockets-server.cjs",port="${port}"}`)).toBe(3);
  },
);

const PRINT = `
const { createLinuxSampler } = await import(process.argv[2]);
const statfs = { now: () => { throw new Error('none'); }, later: () => Promise.reject(new Error('none')) };
const clock = { now: Date.now, monotonic: () => performance.now() };
const sampler = createLinuxSampler({ root: '/', clock, statfs, ownPid: process.pid });
await sampler.sample(Date.now(), 1000);
console.log(JSON.stringify(sampler.limitations()));
sampler.close();`;

test.skipIf(!isLinux || process.getuid?.() !== 0)(
  'an ordinary user is told what is not seen, and what would let it (root)',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'auspex-ordinary-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const script = join(folder, 'print.mjs');
    writeFileSync(script, PRINT);
    await program(closing, 'roots-server.cjs', SERVER, [], '127.0.0.1');
    const sampler = new URL('../../../src/collect/host/linux-sampler.ts', import.meta.url).href;
    const options = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const;
    const printed = execFileSync(process.execPath, [script, sampler], options);
    expect(JSON.parse(printed)).toContainEqual(
      expect.stringMatching(/^which programs of other users listen .*CAP_SYS_PTRACE/),
    );
  },
);
