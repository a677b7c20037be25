import { expect, test } from 'vitest';
import { type Emission, labelsFrom } from '../model/index.ts';
import { OwnMachine } from './derive-identity.ts';

function collection(instance: string, nodename: string, bootTime: number, job = 'node'): Emission[] {
  const sample = (name: string, value: number, more: Record<string, string> = {}): Emission => ({
    labels: labelsFrom(Object.entries({ __name__: name, instance, job, ...more })),
    kind: 'gauge',
    at: 0,
    value,
  });
  return [sample('up', 1), sample('node_boot_time_seconds', bootTime), sample('node_uname_info', 1, { nodename })];
}

const machine = () => {
  const own = new OwnMachine(() => ['192.168.1.7', 'fe80::1']);
  own.learn(collection('web-1', 'web-1', 5_000, 'auspex'));
  return own;
};

test.each([
  ['a loopback name', 'localhost:9100', 'web-1', 5_000.6, 'instance=localhost'],
  ['a loopback address', '127.0.0.1:9100', 'web-1', 5_000, 'instance=127.0.0.1'],
  ['its full name', 'web-1.example.org:9100', 'web-1', 5_000, 'instance=web-1.example.org'],
  ['its address', '192.168.1.7:9100', 'web-1', 5_000, 'instance=192.168.1.7'],
  ['another machine behind a tunnel', 'localhost:9100', 'db-1', 5_000, null],
  ['a machine of the same name, booted at another time', 'localhost:9100', 'web-1', 5_002, null],
  ['a foreign address', '192.168.1.8:9100', 'web-1', 5_000, null],
])('%s', (_, instance, nodename, bootTime, alias) => {
  expect(machine().aliasFor(collection(instance, nodename, bootTime))).toBe(alias);
});

test('a scrape that failed leaves the question open; an answer is given once', () => {
  const own = machine();
  const failed = collection('localhost:9100', '', 0)
    .slice(0, 1)
    .map((one) => ({ ...one, value: 0 }));
  expect(own.aliasFor(failed)).toBeNull();
  expect(own.aliasFor(collection('localhost:9100', 'web-1', 5_000))).toBe('instance=localhost');
  expect(own.aliasFor(collection('localhost:9100', 'web-1', 5_000))).toBeNull();
});
