import { expect, test } from 'vitest';
import { hostMetrics, serviceMetrics } from '../model/index.ts';
import { featureIndex, features, practicalWeight } from './features.ts';

test('every feature of a host or service has its row of practical sizes', () => {
  const metrics = [...hostMetrics, ...serviceMetrics].filter((m) => m.feature);
  expect(features.map((f) => f.name)).toEqual(metrics.map((m) => m.name));
  for (const feature of features) {
    expect(feature.effect, feature.name).toBeGreaterThan(feature.floor);
    expect(feature.effect > 0 && feature.floor > 0, feature.name).toBe(true);
  }
});

test('CPU from 1 % to 6 % is not worth anyone’s time, from 10 % to 95 % is', () => {
  const cpu = features[featureIndex('auspex_host_cpu_ratio')];
  expect(practicalWeight(cpu, 0.06, 0.01)).toBe(0);
  expect(practicalWeight(cpu, 0.95, 0.1)).toBe(1);
});

test('requests that stop are harm where there are many, an idle CPU never is', () => {
  const requests = features[featureIndex('auspex_service_request_rate')];
  expect(practicalWeight(requests, 0, 30)).toBe(1);
  expect(practicalWeight(requests, 20, 30)).toBe(0);
  expect(practicalWeight(requests, 0, 3)).toBe(0);
  expect(practicalWeight(features[featureIndex('auspex_host_cpu_ratio')], 0, 0.9)).toBe(0);
});

test('an answer of 2 s is unusual where it takes 50 ms, not where it takes 1.5 s', () => {
  const latency = features[featureIndex('auspex_service_latency_seconds')];
  expect(practicalWeight(latency, 2, 0.05)).toBe(1);
  expect(practicalWeight(latency, 2, 1.5)).toBe(0);
  expect(practicalWeight(latency, 0.04, 0.001)).toBe(0);
});
