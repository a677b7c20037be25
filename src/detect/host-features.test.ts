import { expect, test } from 'vitest';
import { hostMetrics } from '../model/index.ts';
import { hostFeatureIndex, hostFeatures, practicalWeight } from './host-features.ts';

test('every feature of a host has its row of practical sizes', () => {
  expect(hostFeatures.map((f) => f.name)).toEqual(hostMetrics.filter((m) => m.feature).map((m) => m.name));
  for (const feature of hostFeatures) {
    expect(feature.effect, feature.name).toBeGreaterThan(feature.floor);
    expect(feature.effect > 0 && feature.floor > 0, feature.name).toBe(true);
  }
});

test('CPU from 1 % to 6 % is not worth anyone’s time, from 10 % to 95 % is', () => {
  const cpu = hostFeatures[hostFeatureIndex('auspex_host_cpu_ratio')];
  expect(practicalWeight(cpu, 0.06, 0.01)).toBe(0);
  expect(practicalWeight(cpu, 0.95, 0.1)).toBe(1);
});
