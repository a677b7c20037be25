import { expect, test } from 'vitest';
import { exportedBy, isObserver, nameOfJob, nameOfProcess } from './service-names.ts';

test.each([
  ['shop', 'shop'],
  ['redis', 'redis'],
  ['redis-exporter', 'redis'],
  ['redis_exporter', 'redis'],
  ['prometheus-postgres-exporter', 'postgres'],
  ['postgresql', 'postgres'],
  ['orders-redis', 'orders-redis'],
  ['orders-redis-exporter', 'orders-redis'],
  ['prometheus', 'prometheus'],
  ['node', null],
  ['node-exporter', null],
  ['node_exporter', null],
  ['auspex', null],
  ['auspex-derived', null],
  ['', null],
])('the job %s is the service %s', (job, name) => {
  expect(nameOfJob(job)).toBe(name);
});

test.each([
  ['redis-server', 'redis'],
  ['valkey-server', 'redis'],
  ['postgres', 'postgres'],
  ['mysqld', 'mysql'],
  ['mariadbd', 'mysql'],
  ['mongod', 'mongodb'],
  ['beam.smp', 'rabbitmq'],
  ['nginx', 'nginx'],
  ['node shop.ts', 'shop'],
  ['python3 orders.py', 'orders'],
  ['node server.js', 'node server.js'],
  ['python3.12', 'python3.12'],
  ['prometheus-redis-exporter', 'redis'],
  ['prometheus-node-exporter', null],
  ['sshd', null],
  ['systemd-resolved', null],
  ['prometheus', null],
  ['auspex', null],
  ['unknown', null],
  ['curl', null],
  ['[kworker]', null],
])('the process group %s is the service %s', (group, name) => {
  expect(nameOfProcess(group)).toBe(name);
});

test('who looks at everything is told apart from who needs it', () => {
  expect(['auspex', 'prometheus', 'redis_exporter', 'otelcol-contrib'].every(isObserver)).toBe(true);
  expect(['nginx', 'node shop.ts'].some(isObserver)).toBe(false);
  expect(exportedBy('nginx')).toBeNull();
});
