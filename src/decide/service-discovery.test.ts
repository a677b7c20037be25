import { expect, test } from 'vitest';
import { discoverServices, type SeenConnection, type SeenInstance, type Sightings } from './service-discovery.ts';
import type { SeenListener } from './service-endpoints.ts';

const HOST = 'host:a';
const OTHER = 'host:b';
const AT = 1_000;

function listens(groupname: string, address: string, port: number, more: Partial<SeenListener> = {}): SeenListener {
  return { hostId: HOST, groupname, address, port, endpoint: `${address}:${port}`, lastAt: AT, ...more };
}
function talks(
  groupname: string,
  endpoint: string | null,
  peer: string,
  more: Partial<SeenConnection> = {},
): SeenConnection {
  return { hostId: HOST, groupname, endpoint, peer, sightings: 3, lastAt: AT, ...more };
}
function scraped(job: string, address: string, entityId = `target:${job}`): SeenInstance {
  return { entityId, kind: 'job', name: job, address, lastAt: AT };
}
function discover(seen: Partial<Sightings>): { services: Record<string, string>; calls: string[] } {
  const pieces = discoverServices({
    listeners: [],
    connections: [],
    addresses: new Map([
      [HOST, new Set(['10.0.0.1', 'a'])],
      [OTHER, new Set(['10.0.0.2', 'b'])],
    ]),
    instances: [],
    mentions: [],
    ownHostId: HOST,
    ...seen,
  });
  let piece = pieces.next();
  while (piece.done !== true) piece = pieces.next();
  const { services, calls } = piece.value;
  return {
    services: Object.fromEntries([...services.values()].map(({ key, name }) => [key, name])),
    calls: calls.map(({ from, to, origin }) => `${from} → ${to} by ${origin}`),
  };
}

test('a call on one host over loopback, by the names of processes', () => {
  const { services, calls } = discover({
    listeners: [listens('nginx', '0.0.0.0', 80), listens('redis-server', '127.0.0.1', 6379)],
    connections: [talks('nginx', '0.0.0.0:80', '127.0.0.1:6379')],
  });
  expect(services).toEqual({ 'process=nginx': 'nginx', 'process=redis': 'redis' });
  expect(calls).toEqual(['process=nginx → process=redis by connection']);
});

test('a call to another host leads to whoever listens there on any address', () => {
  const { calls } = discover({
    listeners: [listens('postgres', '0.0.0.0', 5432, { hostId: OTHER })],
    connections: [talks('orders', null, '10.0.0.2:5432')],
  });
  expect(calls).toEqual(['process=orders → process=postgres by connection']);
});

test('a process is the job that is scraped where it listens, on any of its ports; programs of one name are told apart', () => {
  const { services, calls } = discover({
    listeners: [
      listens('node server.js', '0.0.0.0', 8080),
      listens('node server.js', '127.0.0.1', 9464, { endpoint: '0.0.0.0:8080' }),
      listens('node server.js', '0.0.0.0', 8090),
    ],
    instances: [scraped('gateway', 'localhost:9464'), scraped('orders', 'a:8090')],
    connections: [talks('node server.js', '0.0.0.0:8080', '10.0.0.1:8090')],
  });
  expect(services).toEqual({ 'job=gateway': 'gateway', 'job=orders': 'orders' });
  expect(calls).toEqual(['job=gateway → job=orders by connection']);
});

test('whom an exporter is connected to is the exporter’s job', () => {
  const { services, calls } = discover({
    listeners: [
      listens('prometheus-redis-exporter', '127.0.0.1', 9121),
      listens('redis-server', '127.0.0.1', 6379),
      listens('redis-server', '127.0.0.1', 6380),
    ],
    instances: [scraped('cache', '127.0.0.1:9121')],
    connections: [
      talks('prometheus-redis-exporter', '127.0.0.1:9121', '127.0.0.1:6379'),
      talks('shop', null, '127.0.0.1:6379'),
      talks('shop', null, '127.0.0.1:6380'),
    ],
  });
  expect(services).toEqual({ 'job=cache': 'cache', 'process=shop': 'shop', 'process=redis': 'redis' });
  expect(calls).toEqual(['process=shop → job=cache by connection', 'process=shop → process=redis by connection']);
});

test('who only watches calls nobody, a one-off connection is no dependency, what a machine runs for itself is no service', () => {
  const { services, calls } = discover({
    listeners: [listens('nginx', '0.0.0.0', 80), listens('sshd', '0.0.0.0', 22), listens('dev', '127.0.0.1', 3000)],
    connections: [
      talks('prometheus', '0.0.0.0:9090', '127.0.0.1:80'),
      talks('orders', null, '127.0.0.1:80', { sightings: 2 }),
      talks('unknown', null, '127.0.0.1:80'),
    ],
  });
  expect(services).toEqual({ 'process=nginx': 'nginx' });
  expect(calls).toEqual([]);
});

test('a container’s address is looked for on the caller’s host first, and nowhere when several hosts have it', () => {
  const db = (hostId: string, groupname: string) => listens(groupname, '172.17.0.2', 5432, { hostId });
  const listeners = [db(HOST, 'postgres'), db(OTHER, 'mysqld')];
  const connections = [
    talks('here', null, '172.17.0.2:5432'),
    talks('far', null, '172.17.0.2:5432', { hostId: 'host:c' }),
  ];
  expect(discover({ listeners, connections }).calls).toEqual(['process=here → process=postgres by connection']);
  expect(discover({ listeners: listeners.slice(1), connections: connections.slice(1) }).calls).toEqual([
    'process=far → process=mysql by connection',
  ]);
});

test('who is scraped at an address is called there although nobody watches that host', () => {
  const { calls } = discover({
    instances: [scraped('billing', '10.0.9.9:8080')],
    connections: [talks('orders', null, '10.0.9.9:8080')],
  });
  expect(calls).toEqual(['process=orders → job=billing by connection']);
});

test('labels of client metrics name whom they call: a service, an address, a host with the service’s name', () => {
  const instances: SeenInstance[] = [
    { entityId: 'service:web', kind: 'service', name: 'web', address: null, lastAt: AT },
    scraped('payments', '10.0.0.2:8080'),
    scraped('db', '10.0.0.2:5432', 'target:db'),
  ];
  const mention = (to: string, sightings = 3) => ({
    from: { entityId: 'service:web' },
    to,
    sightings,
    lastAt: AT,
  });
  const mentions = [mention('Payments'), mention('10.0.0.2:5432'), mention('nobody:80'), mention('payments:80', 1)];
  const graph = { from: { name: 'payments' }, to: 'db', sightings: 3, lastAt: AT };
  expect(discover({ instances, mentions: [...mentions, graph] }).calls).toEqual([
    'service=web → job=payments by label',
    'service=web → job=db by label',
    'job=payments → job=db by label',
  ]);
});
