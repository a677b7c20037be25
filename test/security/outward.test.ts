import { createSocket, type Socket } from 'node:dgram';
import { type LookupAddress, Resolver } from 'node:dns';
import { createServer, type Server } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createScrapeFetch } from '../../src/collect/prometheus/scrape-fetch.ts';
import { AuspexError } from '../../src/errors.ts';
import { createOutbound, type OutboundOptions } from '../../src/platform/outbound.ts';

/** What must not be reached: it listens on all addresses of this machine, of both families. */
let canary: Server;
let reached: string[] = [];
let port = 0;
/** A server that the operator configured, and that redirects to wherever its path says. */
let redirecting: Server;
let redirectPort = 0;
let dns: TestDns;

beforeAll(async () => {
  canary = createServer((request, response) => {
    reached.push(`${request.socket.localAddress} ${request.url}`);
    response.end('CANARY');
  });
  await new Promise<void>((done) => canary.listen(0, '::', done));
  port = (canary.address() as AddressInfo).port;
  redirecting = createServer((request, response) => {
    const [, status, ...target] = (request.url ?? '').split('/');
    if (status === 'metrics') return void response.end('# TYPE up gauge\n');
    // As bytes: a header may hold more than ASCII, but no line ends.
    const location = Buffer.from(decodeURIComponent(target.join('/')).replaceAll(/[\t\n]/g, '')).toString('latin1');
    response.writeHead(Number(status), { location }).end();
  });
  await new Promise<void>((done) => redirecting.listen(0, '127.0.0.1', done));
  redirectPort = (redirecting.address() as AddressInfo).port;
  dns = new TestDns();
  await dns.start();
});
afterAll(() => {
  for (const server of [canary, redirecting]) {
    server.closeAllConnections();
    server.close();
  }
  dns.stop();
});

/**
 * A name server on UDP that answers as an attacker's would: a name under `private` or `metadata` has such an address,
 * `alias` is a CNAME to one, `both` has a public one and a private one, `rebind` first a public one, then a private one.
 */
class TestDns {
  readonly #socket: Socket = createSocket('udp4');
  readonly #asked = new Map<string, number>();

  async start(): Promise<void> {
    this.#socket.on('message', (query, from) => this.#socket.send(this.#answer(query), from.port, from.address));
    await new Promise<void>((done) => this.#socket.bind(0, '127.0.0.1', done));
  }

  stop(): void {
    this.#socket.close();
  }

  /** As the system's resolver, over this server. */
  readonly lookup: NonNullable<OutboundOptions['lookup']> = (name, how, done) => {
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`]);
    const found: LookupAddress[] = [];
    const both = [4, 6] as const;
    const families = both.filter((family) => how.family === undefined || how.family === family);
    let open = families.length;
    for (const family of families) {
      resolver[family === 4 ? 'resolve4' : 'resolve6'](name, (error, addresses) => {
        if (error === null) found.push(...addresses.map((address) => ({ address, family })));
        if (--open > 0) return;
        done(found.length === 0 ? Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' }) : null, found);
      });
    }
  };

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    while ((query[at] ?? 0) > 0) {
      const length = query[at] ?? 0;
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = query.subarray(12, at + 5);
    const type = query.readUInt16BE(at + 1);
    const name = (labels[0] ?? '').toLowerCase();
    const times = (this.#asked.get(name + type) ?? 0) + 1;
    this.#asked.set(name + type, times);
    const records = type === 1 ? this.#ipv4(name, times) : type === 28 ? this.#ipv6(name) : [];
    const head = Buffer.from([0, 0, 0x81, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0]);
    query.copy(head, 0, 0, 2);
    return Buffer.concat([head, question, ...records]);
  }

  #ipv4(name: string, times: number): Buffer[] {
    const record = (address: string, owner = Buffer.from([0xc0, 12])) =>
      Buffer.concat([owner, Buffer.from([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)])]);
    switch (name) {
      case 'private':
        return [record('127.0.0.1')];
      case 'metadata':
        return [record('169.254.169.254')];
      case 'both':
        return [record('127.0.0.1'), record('10.255.255.1')];
      case 'rebind':
        return [record(times % 2 === 1 ? '192.88.99.9' : '127.0.0.1')];
      case 'zero':
        return [record('0.0.0.0')];
      case 'alias': {
        const target = Buffer.from('\u0008internal\u0000', 'latin1');
        const cname = Buffer.concat([Buffer.from([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, target.length]), target]);
        return [cname, record('127.0.0.1', target)];
      }
      default:
        return [];
    }
  }

  #ipv6(name: string): Buffer[] {
    const words = { mapped: [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], six: [0, 0, 0, 0, 0, 0, 0, 1] }[name];
    if (words === undefined) return [];
    const data = words.flatMap((w) => [w >> 8, w & 255]);
    return [Buffer.from([0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 0, 0, 16, ...data])];
  }
}

/** Addresses that all lead to this machine or to a metadata service, as they may be written: `P` stands for the canary's port. */
const tricks = [
  'http://127.0.0.1:P/',
  'http://localhost:P/',
  'http://LOCALHOST:P/',
  'http://localhost.:P/',
  'http://127.0.0.1.:P/',
  'http://127.1:P/',
  'http://127.0.1:P/',
  'http://2130706433:P/',
  'http://0x7f000001:P/',
  'http://017700000001:P/',
  'http://0x7f.0.0.1:P/',
  'http://0177.0.0.1:P/',
  'http://0x7f.1:P/',
  'http://127.000.000.001:P/',
  'http://127.0.0.2:P/',
  'http://127.255.255.254:P/',
  'http://0:P/',
  'http://0.0.0.0:P/',
  'http://0x0:P/',
  'http://00000000:P/',
  'http://[::1]:P/',
  'http://[0:0:0:0:0:0:0:1]:P/',
  'http://[::]:P/',
  'http://[::ffff:127.0.0.1]:P/',
  'http://[::ffff:7f00:1]:P/',
  'http://[::127.0.0.1]:P/',
  'http://[::ffff:0:127.0.0.1]:P/',
  'http://[64:ff9b::127.0.0.1]:P/',
  'http://[64:ff9b:1::7f00:1]:P/',
  'http://[2002:7f00:1::]:P/',
  'http://[2001:0:1::80ff:fffe]:P/',
  'http://[fe80::1]:P/',
  'http://[fe80::1%25lo]:P/',
  'http://[::1%25lo]:P/',
  'http://user:pass@127.0.0.1:P/',
  'http://8.8.8.8@127.0.0.1:P/',
  'http://8.8.8.8%40127.0.0.1:P/',
  'http://127.0.0.1:P#@8.8.8.8/',
  'http://127.0.0.1:P?@8.8.8.8/',
  'http:\\\\127.0.0.1:P\\',
  'http:/127.0.0.1:P/',
  'http:127.0.0.1:P/',
  'http://127。0。0。1:P/',
  'http://127．0．0．1:P/',
  'http://１２７.0.0.1:P/',
  'http://①②⑦.0.0.1:P/',
  'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:P/',
  'http://loc\tal\nhost:P/',
  ' http://127.0.0.1:P/ ',
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://[fd00:ec2::254]/',
  'http://[fd20:ce::254]/',
  'http://100.100.100.200/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://168.63.129.16/',
  'http://192.168.0.1:P/',
  'http://10.0.0.1:P/',
  'http://172.16.0.1:P/',
  'http://[fc00::1]:P/',
  'http://100.64.0.1:P/',
  'http://198.18.0.1:P/',
  'http://private.test:P/',
  'http://metadata.test/',
  'http://both.test:P/',
  'http://rebind.test:P/',
  'http://zero.test:P/',
  'http://alias.test:P/',
  'http://mapped.test:P/',
  'http://six.test:P/',
  'file:///etc/passwd',
  'ftp://127.0.0.1:P/',
  'gopher://127.0.0.1:P/_x',
  'data:text/plain,x',
  'unix:///run/x.sock',
  'javascript:0',
  '//127.0.0.1:P/',
  '127.0.0.1:P',
];

const urlOf = (trick: string): string => trick.replaceAll('P', String(port));

test(`an address that somebody gave: of ${tricks.length} tricks none reaches this machine`, async () => {
  reached = [];
  const outbound = createOutbound({ lookup: dns.lookup });
  for (const trick of tricks) {
    for (const again of [1, 2]) {
      const call = outbound.request(urlOf(trick), { purpose: 'given', timeoutMs: 1000 });
      await expect(call, `${trick}, call ${again}`).rejects.toBeInstanceOf(AuspexError);
    }
  }
  expect(reached).toEqual([]);
  // The canary is there, and is reached by who may.
  await outbound.request(urlOf('http://127.0.0.1:P/'), { purpose: 'configured' });
  expect(reached).toHaveLength(1);
  await outbound.close();
});

test('a configured target may be private, what it redirects to may not', { timeout: 60_000 }, async () => {
  reached = [];
  const outbound = createOutbound({ lookup: dns.lookup });
  const fetch = createScrapeFetch(outbound);
  const tls = { caFile: null, certFile: null, keyFile: null, serverName: null, insecureSkipVerify: true };
  const scrape = (url: string) =>
    fetch(url, { headers: { authorization: 'Bearer x' }, tls, signal: AbortSignal.timeout(3000) });
  const home = `http://127.0.0.1:${redirectPort}`;
  for (const status of [301, 302, 303, 307, 308]) {
    for (const trick of tricks) {
      const target = urlOf(trick);
      // A relative address stays with the target itself.
      if (URL.parse(target) === null || URL.parse(target, home)?.host === new URL(home).host) continue;
      await expect(scrape(`${home}/${status}/${encodeURIComponent(target)}`), `${status} ${trick}`).rejects.toThrow();
    }
  }
  expect(reached).toEqual([]);
  const answer = await scrape(`${home}/302/${encodeURIComponent('/metrics')}`);
  expect(answer.status).toBe(200);
  await outbound.close();
});

test('a redirect to a listed range is followed, without the credentials', async () => {
  const seen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end('ok');
  });
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const outbound = createOutbound({ allow: ['127.0.0.0/8'] });
  const to = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const answer = await outbound.open(`http://127.0.0.1:${redirectPort}/307/${encodeURIComponent(to)}`, {
    purpose: 'configured',
    redirects: 5,
    headers: { Authorization: 'Bearer secret', cookie: 'a=b' },
    signal: AbortSignal.timeout(3000),
  });
  expect(answer.status).toBe(200);
  expect(seen).toEqual([undefined]);
  await answer.body.dump();
  // Round and round: handed back after the last one allowed.
  const loop = `http://127.0.0.1:${redirectPort}/302/`;
  const last = await outbound.open(`${loop}${encodeURIComponent('/302/x')}`, {
    purpose: 'configured',
    redirects: 5,
    signal: AbortSignal.timeout(3000),
  });
  expect(last.status).toBe(302);
  await last.body.dump();
  await outbound.close();
  other.close();
});

test('no purpose and no list opens a metadata address', async () => {
  const outbound = createOutbound({ allow: ['0.0.0.0/0', '::/0'], lookup: dns.lookup });
  const metadata = [
    '169.254.169.254',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '[fd00:42::42]',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'metadata.test',
    'metadata.test.',
  ];
  for (const host of metadata) {
    for (const purpose of ['configured', 'given'] as const) {
      const call = outbound.request(`http://${host}/`, { purpose, timeoutMs: 1000 });
      await expect(call, `${host} ${purpose}`).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
    }
    if (!host.startsWith('[')) {
      await expect(outbound.resolve(host, 'configured'), host).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
    }
  }
  await outbound.close();
});

test('nothing in the source calls out past the one way', () => {
  const root = join(import.meta.dirname, '../../src');
  const callers = readdirSync(root, { recursive: true })
    .map(String)
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'))
    .filter((name) => {
      const text = readFileSync(join(root, name), 'utf8');
      const client =
        /from 'undici'|import\('undici'\)|(?<![.\w])fetch\(|(?:http|https|net|tls)\.(?:request|get|connect)\(/;
      return (
        client.test(text) ||
        /import \{[^}]*\b(?:request|get|connect|createConnection)\b[^}]*\} from 'node:(?:http|https|net|tls|http2)'/.test(
          text,
        )
      );
    });
  // The command line's own client speaks to the server that the user names.
  expect(callers.sort()).toEqual(['api/client.ts', 'platform/outbound.ts']);
});
