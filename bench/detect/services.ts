/**
 * CPU of one look at who is what and who calls whom, at the bounds: 2,000 services of 200 hosts, 10,000 calls.
 * `node bench/detect/services.ts [looks]`
 */
import { ServiceBook } from '../../src/decide/service-book.ts';
import { discoverServices, type Discovery, type SeenInstance } from '../../src/decide/service-discovery.ts';

const SERVICES = 2_000;
const HOSTS = 200;
const now = Date.now();
const hostOf = (service: number): number => service % HOSTS;
const addressOf = (service: number): string => `10.0.${hostOf(service)}.1:${1_000 + service}`;
const all = Array.from({ length: SERVICES }, (_, i) => i);
const seen = {
  listeners: all.map((i) => ({
    hostId: `host:${hostOf(i)}`,
    groupname: `app${i}`,
    address: '0.0.0.0',
    port: 1_000 + i,
    endpoint: `0.0.0.0:${1_000 + i}`,
    lastAt: now,
  })),
  connections: all.flatMap((i) =>
    [1, 2, 3, 4, 5].map((k) => ({
      hostId: `host:${hostOf(i)}`,
      groupname: `app${i}`,
      endpoint: `0.0.0.0:${1_000 + i}`,
      peer: addressOf((i + k * 37) % SERVICES),
      sightings: 5,
      lastAt: now,
    })),
  ),
  addresses: new Map(Array.from({ length: HOSTS }, (_, h) => [`host:${h}`, new Set([`10.0.${h}.1`])] as const)),
  instances: all.map(
    (i): SeenInstance => ({
      entityId: `target:${i}`,
      kind: 'job',
      name: `app${i}`,
      address: addressOf(i),
      lastAt: now,
    }),
  ),
  mentions: [],
  ownHostId: null,
};
const cpuMs = (): number => process.cpuUsage().user / 1000;
const book = new ServiceBook();
for (let look = 0; look < Number(process.argv[2] ?? 6); look++) {
  const steps = discoverServices(seen);
  let longest = 0;
  let whole = 0;
  let found: Discovery | null = null;
  while (found === null) {
    const before = cpuMs();
    const { done, value } = steps.next();
    const took = cpuMs() - before;
    longest = Math.max(longest, took);
    whole += took;
    if (done === true) found = value;
  }
  const before = cpuMs();
  book.absorb(found, now + look * 30_000);
  const absorbed = cpuMs() - before;
  book.takeChanges();
  process.stdout.write(
    `${book.services(now).length} services, ${book.dependencies().length} calls: found in ${whole.toFixed(0)} ms of CPU, the longest piece ` +
      `${longest.toFixed(1)} ms; kept in ${absorbed.toFixed(0)} ms\n`,
  );
}
