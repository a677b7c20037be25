import { expect, test } from 'vitest';
import { metrics, registry } from './metrics.ts';
import { metricsReference } from './metrics-reference.ts';

test('the reference page and the registry are equal', async () => {
  await expect(metricsReference(registry)).toMatchFileSnapshot('../../docs/reference/metrics.md');
});

test('the process’s own CPU time and memory are read when they are asked for', async () => {
  const value = async (metric: typeof metrics.cpuSeconds | typeof metrics.residentBytes) =>
    (await metric.get()).values[0]?.value ?? Number.NaN;
  const before = await value(metrics.cpuSeconds);
  let sum = 0;
  for (let i = 0; i < 2e6; i++) sum += Math.sqrt(i);
  expect(sum).toBeGreaterThan(0);
  expect(await value(metrics.cpuSeconds)).toBeGreaterThan(before);
  expect(await value(metrics.cpuSeconds)).toBeLessThan(before + 60);
  expect(await value(metrics.residentBytes)).toBeGreaterThan(1e6);
});
