/**
 * Synthetic hosts with faults: share flagged within 30 s, right resource and culprit; quiet days: findings and pages.
 * The detector's constants were set with seed 7: give another.
 * `node bench/detect/host-faults.ts [seed] [seconds from one fault to the next, 240] [-v]`
 */
import { Detector } from '../../src/detect/detector.ts';
import { type Fault, FIRST, type HostHabits, runHost, SyntheticHost } from './synthetic-host.ts';

const seed = Number(process.argv[2] ?? 7) || 7;
const MINUTE = 60_000;
const DAY = 86_400_000;
const spacing = (Number(process.argv[3]) || 240) * 1000;
const hosts: Record<string, HostHabits> = {
  idle: {},
  jumpy: { jumps: 0.5, fiveMinuteCpu: 0.3 },
  server: { daily: 0.5, hourlyCpu: 0.3, backup: true },
  deployed: { daily: 0.3, deploySteps: 1, jumps: 0.3, hourlyCpu: 0.6 },
};
const kinds: Fault['kind'][] = ['cpu', 'memory', 'io', 'fork', 'disk'];
const resources = { cpu: 'cpu', memory: 'memory', io: 'disk-io', fork: 'processes', disk: 'disk' };
const names = {
  cpu: 'stress-ng-cpu',
  memory: 'stress-ng-vm',
  io: 'stress-ng-hdd',
  fork: 'stress-ng-fork',
  disk: '/mnt/data',
};

for (const [name, habits] of Object.entries(hosts)) {
  for (const warm of [20 * MINUTE, 3 * DAY]) {
    const detector = new Detector({ intervalMs: 10_000 });
    const host = new SyntheticHost(name, seed, habits);
    host.define(detector, 0);
    const start = FIRST + 9 * 3_600_000 + (warm < DAY ? 0 : 3_000);
    const quiet = runHost(detector, host, start, start + warm);
    const faults: Fault[] = [];
    for (let i = 0; i < 25; i++) {
      const from = start + warm + (i + 1) * spacing + ((i * 3700) % 10_000);
      faults.push({ kind: kinds[i % 5], from, to: from + MINUTE });
    }
    const events = runHost(detector, host, start + warm, start + warm + 26 * spacing + 5 * MINUTE, faults);
    let flagged = 0;
    let right = 0;
    let named = 0;
    let longest = 0;
    const missed: string[] = [];
    for (const fault of faults) {
      const hits = events.filter(
        (e) =>
          e.finding.detector === 'entity' &&
          e.finding.lastAt >= fault.from &&
          e.finding.detectedAt >= fault.from &&
          e.finding.detectedAt <= fault.from + 30_000,
      );
      const rightOnes = hits.filter((e) => e.finding.resource === resources[fault.kind]);
      if (hits.length > 0) flagged++;
      if (rightOnes.length > 0) right++;
      else missed.push(`${fault.kind}${hits.length ? `→${hits[0].finding.resource}` : ''}`);
      if (rightOnes.some((e) => e.finding.culprits.some((c) => c.name === names[fault.kind]))) named++;
      if (rightOnes.length > 0) longest = Math.max(longest, rightOnes[0].finding.detectedAt - fault.from);
    }
    const opened = quiet.filter((e) => e.change === 'opened');
    const pages = quiet.filter((e) => e.finding.pages).length;
    const other = events.filter(
      (e) =>
        e.change === 'opened' &&
        !faults.some((f) => e.finding.detectedAt >= f.from && e.finding.detectedAt <= f.to + MINUTE),
    ).length;
    console.log(
      `${name.padEnd(9)} after ${(warm / DAY).toFixed(2)} d: ${flagged}/25 flagged, ${right} right resource, ${named} named, longest ${longest / 1000} s; quiet: ${opened.length} findings, ${pages} pages; beside the faults: ${other}${missed.length ? `; missed ${missed.join(' ')}` : ''}`,
    );
    for (const e of opened.slice(0, 3)) console.log(`   quiet: ${e.finding.summary}`);
    if (process.argv.includes('-v'))
      for (const e of events.filter((x) => x.change === 'opened').slice(0, 8))
        console.log(
          `   ${e.finding.severity} ${e.finding.summary} | ${e.finding.culprits.map((c) => `${c.name} ${c.evidence}`).join('; ')}`,
        );
  }
}
