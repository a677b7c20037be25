import { expect, test } from 'vitest';
import { labelsFrom } from '../model/index.ts';
import { EntityRegistry } from './entity-registry.ts';

const series = (name: string, labels: Record<string, string>) =>
  labelsFrom([...Object.entries(labels), ['__name__', name]]);
const machine = (over: { stableId?: string; name?: string; aliases?: string[] } = {}) => ({
  kind: 'host' as const,
  stableId: over.stableId ?? 'abc',
  name: over.name ?? 'web-1',
  timeZone: 'Europe/Berlin',
  aliases: over.aliases ?? ['instance=web-1'],
  attributes: { cores: '4' },
});

test('one host seen by its collector and its node_exporter is one host', () => {
  const registry = new EntityRegistry('UTC');
  const { id } = registry.introduce(machine(), 1);
  expect(registry.idFor(series('node_load1', { instance: 'web-1:9100', job: 'node' }), 2)).toBe(id);
  expect(registry.idFor(series('auspex_host_cpu_ratio', { instance: 'web-1', job: 'auspex' }), 2)).toBe(id);
});

test('an application on a host is not the host', () => {
  const registry = new EntityRegistry('UTC');
  const { id } = registry.introduce(machine(), 1);
  const app = registry.idFor(series('http_requests_total', { instance: 'web-1:8080', job: 'shop' }), 2);
  expect(app).not.toBe(id);
  expect(registry.get(app)).toMatchObject({ kind: 'target', name: 'shop on web-1' });
});

test('what was seen before its introduction keeps its id, and gets its name and zone', () => {
  const registry = new EntityRegistry('UTC');
  const seen = registry.idFor(series('node_load1', { instance: 'web-1:9100', job: 'node' }), 5);
  const introduced = registry.introduce(machine({ name: 'Web one' }), 9);
  expect(introduced).toMatchObject({ id: seen, name: 'Web one', timeZone: 'Europe/Berlin', firstSeenAt: 5 });
  expect(registry.find('Web one')?.id).toBe(seen);
});

test('two machines of one name report under two', () => {
  const registry = new EntityRegistry('UTC');
  expect(registry.freeInstance('web-1', 'abc')).toBe('web-1');
  registry.introduce(machine(), 1);
  expect(registry.freeInstance('web-1', 'abc')).toBe('web-1');
  expect(registry.freeInstance('web-1', 'other machine')).toBe('web-1-2');
});

test('what is read back from its rows is the same again', () => {
  const registry = new EntityRegistry('UTC');
  const { id } = registry.introduce(machine(), 1);
  const again = new EntityRegistry('UTC');
  again.load(registry.takeDirty());
  expect(again.get(id)).toEqual(registry.get(id));
  expect(again.find('instance=web-1')?.id).toBe(id);
  expect(again.takeDirty()).toEqual([]);
});

test('hearing of a host is written down at most once in five minutes', () => {
  const registry = new EntityRegistry('UTC');
  const { id } = registry.introduce(machine(), 1_000_000);
  registry.takeDirty();
  let writes = 0;
  for (let at = 1_000_000; at < 1_000_000 + 3_600_000; at += 10_000) {
    registry.touch(id, at);
    writes += registry.takeDirty().length;
  }
  expect(writes).toBeGreaterThan(9);
  expect(writes).toBeLessThan(13);
  expect(registry.get(id)?.lastSeenAt).toBe(1_000_000 + 3_590_000);
});

test('a service of OpenTelemetry is one entity, whatever its instances and hosts are called', () => {
  const registry = new EntityRegistry('UTC');
  const labels = { job: 'eu/shop', service_name: 'shop', service_namespace: 'eu', host_id: 'abc' };
  const id = registry.idFor(series('http_requests_total', { ...labels, instance: 'a1' }), 1);
  expect(registry.get(id)).toMatchObject({ id: 'service:eu/shop', kind: 'service', name: 'eu/shop' });
  expect(registry.idFor(series('queue_depth', { ...labels, instance: 'b2' }), 1)).toBe(id);
  // What the same sender says of its host is the host's.
  expect(registry.idFor(series('system_uptime_seconds', { ...labels, instance: 'web-1' }), 1)).toBe('host:abc');
});

const machineId = '0123456789abcdef0123456789abcdef';

test.each([
  ['the machine id', machineId],
  ['a cloud’s id', 'i-0abc12'],
])('a host that says its name and %s is the one that reports already', (_what, id) => {
  const registry = new EntityRegistry('UTC');
  const own = registry.introduce(machine({ stableId: machineId }), 1).id;
  registry.joinHost({ id, name: 'web-1' }, 2);
  expect(registry.idFor(series('node_load1', { host_id: id, instance: 'web-1', job: 'otel' }), 2)).toBe(own);
  expect(registry.all()).toHaveLength(1);
  expect(registry.joinHost({ id, name: 'web-1' }, 3)).toBeUndefined();
});

test('seen by its node_exporter first, by OpenTelemetry then, by its agent last, it is one host', () => {
  const registry = new EntityRegistry('UTC');
  const id = registry.idFor(series('node_load1', { instance: 'web-1:9100', job: 'node' }), 1);
  expect(registry.joinHost({ id: machineId, name: 'web-1' }, 2)).toMatchObject({ id });
  expect(registry.introduce(machine({ stableId: machineId }), 3).id).toBe(id);
});

test('another machine id under the same name is another machine', () => {
  const registry = new EntityRegistry('UTC');
  registry.introduce(machine({ stableId: machineId }), 1);
  const other = machineId.replaceAll('0', 'f');
  registry.joinHost({ id: other, name: 'web-1' }, 2);
  const id = registry.idFor(series('node_load1', { host_id: other, instance: 'web-1', job: 'otel' }), 2);
  expect(id).toBe(`host:${other}`);
});

test('a host that nobody knew is introduced by its name', () => {
  const registry = new EntityRegistry('UTC');
  const entity = registry.joinHost({ id: 'i-1', name: 'db-9' }, 2);
  expect(entity).toMatchObject({ id: 'host:i-1', name: 'db-9', aliases: ['host_id=i-1', 'instance=db-9'] });
});
