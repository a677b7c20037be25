import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemStatfs } from '../../../src/collect/host/filesystem.ts';
import { createLinuxSampler } from '../../../src/collect/host/linux-sampler.ts';
import { figureMetric, hostMetrics, labelValue, metricName } from '../../../src/model/index.ts';

const isLinux = process.platform === 'linux';
const clock = { now: Date.now, monotonic: () => performance.now() };

test.skipIf(!isLinux)(
  'on this very host the main figures come, within their bounds, and a busy program shows',
  async () => {
    const sampler = createLinuxSampler({ root: '/', clock, statfs: systemStatfs, ownPid: process.pid });
    const busy = spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' });
    try {
      await sampler.sample(Date.now(), 1_000);
      await delay(400);
      const events = await sampler.sample(Date.now(), 1_000);
      const samples = events
        .flatMap((event) => (event.kind === 'samples' ? event.samples : []))
        .filter((s) => !s.stale);
      const names = new Set(samples.map((s) => metricName(s.labels)));
      const optional = new Set([
        'swap_ratio',
        'pressure_cpu_ratio',
        'pressure_memory_ratio',
        'pressure_io_ratio',
        'open_files_ratio',
        'inode_ratio',
        'oom_kills',
        'control_group_memory_ratio',
      ]);
      for (const metric of hostMetrics) {
        if (!optional.has(metric.name.slice('auspex_host_'.length))) expect(names, metric.name).toContain(metric.name);
      }
      for (const { labels, value, kind } of samples) {
        expect(labelValue(labels, 'job')).toBe('auspex');
        expect(labelValue(labels, 'instance')).toBe(sampler.identity.name);
        const metric = figureMetric(metricName(labels));
        if (metric === undefined) continue;
        expect(kind).toBe('gauge');
        expect(value, metric.name).toBeGreaterThanOrEqual(metric.lower);
        if (metric.upper !== null) expect(value, metric.name).toBeLessThanOrEqual(metric.upper);
        if (metric.perLabel !== null) expect(labelValue(labels, metric.perLabel)).toBeDefined();
      }
      const cores = samples.find(
        (s) =>
          metricName(s.labels) === 'auspex_host_process_group_cpu_cores' &&
          labelValue(s.labels, 'groupname') === 'node',
      );
      expect(cores?.value).toBeGreaterThan(0.02);
      expect(samples.length).toBeLessThan(1_000);
    } finally {
      busy.kill('SIGKILL');
      sampler.close();
    }
  },
);
