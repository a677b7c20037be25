/**
 * CPU of one collection of this host, user and system, beside the budget of 1 ms + 20 µs a process.
 * `node bench/collector/host.ts [collections] [idle processes to add]`
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { systemStatfs } from '../../src/collect/host/filesystem.ts';
import { createLinuxSampler } from '../../src/collect/host/linux-sampler.ts';

const collections = Number(process.argv[2] ?? 300);
const added = Number(process.argv[3] ?? 0);
const idle = Array.from({ length: added }, () => spawn('sleep', ['1000'], { stdio: 'ignore' }));
const sampler = createLinuxSampler({
  root: '/',
  clock: { now: Date.now, monotonic: () => performance.now() },
  statfs: systemStatfs,
  ownPid: process.pid,
});
let samples = 0;
let processes = 0;
async function collect(): Promise<void> {
  for (const event of await sampler.sample(Date.now(), 10_000)) {
    if (event.kind !== 'samples') continue;
    samples = event.samples.length;
    for (const sample of event.samples) {
      if (sample.labels.includes('auspex_host_process_count')) processes = sample.value;
    }
  }
}
await delay(200);
const cold = process.cpuUsage();
await collect();
const first = process.cpuUsage(cold);
for (let i = 0; i < 30; i++) await collect();
const start = process.cpuUsage();
for (let i = 0; i < collections; i++) {
  await collect();
  await delay(2);
}
const used = process.cpuUsage(start);
// What waiting itself costs is not the collector's.
const base = process.cpuUsage();
for (let i = 0; i < collections; i++) await delay(2);
const waiting = process.cpuUsage(base);
const each = (used.user + used.system - waiting.user - waiting.system) / collections / 1000;
const budget = 1 + 0.02 * processes;
process.stdout.write(
  `${samples} samples of ${processes} processes: ${each.toFixed(2)} ms of CPU a collection over ${collections} ` +
    `(budget ${budget.toFixed(2)} ms); the first, not yet compiled, ${((first.user + first.system) / 1000).toFixed(1)} ms\n`,
);
sampler.close();
for (const child of idle) child.kill('SIGKILL');
