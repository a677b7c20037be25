import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemStatfs } from '../../../src/collect/host/filesystem.ts';
import { createLinuxSampler } from '../../../src/collect/host/linux-sampler.ts';
import { type Emission, labelPairs, labelsFrom, labelsKey, metricName } from '../../../src/model/index.ts';

const EXPORTER = '/usr/bin/prometheus-node-exporter';
const AGAIN_MS = 50;
/** Read at another moment than the exporter's, so only there or not. */
const FLEETING =
  /^node_(time_seconds|procs_|processes_state|sockstat_|tcp_connection|load|disk_io_now|netstat_Tcp_CurrEstab|memory_(Dirty|Writeback|Active|Inactive|Mapped|AnonPages|Committed_AS|PageTables|KernelStack|Percpu)_)/;

/** The text format, as far as the exporter uses it. */
function parse(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(node_\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const pairs: [string, string][] = [['__name__', match[1] ?? '']];
    for (const [, name, value] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      pairs.push([name ?? '', JSON.parse(`"${value}"`) as string]);
    }
    values.set(labelsKey(labelsFrom(pairs)), Number(match[3]));
  }
  return values;
}

function plainKey(emission: Emission): string {
  return labelsKey(
    labelsFrom([...labelPairs(emission.labels)].filter(([name]) => name !== 'instance' && name !== 'job')),
  );
}

test.skipIf(!existsSync(EXPORTER))(
  'names, labels and values are those of Debian’s prometheus-node-exporter (package prometheus-node-exporter)',
  async () => {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const exporter = spawn(
      EXPORTER,
      [
        `--web.listen-address=127.0.0.1:${port}`,
        '--collector.processes',
        '--collector.tcpstat',
        '--collector.netdev.address-info',
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    const scrape = async () => {
      for (let attempt = 0; ; attempt++) {
        try {
          return parse(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
        } catch (error) {
          if (attempt === 100) throw error;
          await delay(AGAIN_MS);
        }
      }
    };
    const sampler = createLinuxSampler({
      root: '/',
      clock: { now: Date.now, monotonic: () => performance.now() },
      statfs: systemStatfs,
      ownPid: process.pid,
    });
    try {
      const before = await scrape();
      const events = await sampler.sample(Date.now(), 10_000);
      const after = await scrape();
      const ours = events.flatMap((event) => (event.kind === 'samples' ? event.samples : []));
      const shared = ours.filter((emission) => metricName(emission.labels).startsWith('node_'));
      expect(shared.length).toBeGreaterThan(80);
      for (const emission of shared) {
        const name = metricName(emission.labels);
        const key = plainKey(emission);
        const shown = `${key.replaceAll('\0', ' ')} ours ${emission.value}`;
        // The exporter leaves out states that no process or connection is in.
        if (/_states?$/.test(name) && !(before.has(key) && after.has(key))) continue;
        const low = before.get(key);
        const high = after.get(key);
        expect(low, shown).toBeDefined();
        if (low === undefined || high === undefined || FLEETING.test(name)) continue;
        if (emission.kind === 'counter') {
          // A CPU's idle time may be seen a few ticks apart; everything else must lie between the two scrapes.
          const slack = name === 'node_cpu_seconds_total' ? 0.1 : 1e-6 * high;
          expect(emission.value, shown).toBeGreaterThanOrEqual(low - slack);
          expect(emission.value, shown).toBeLessThanOrEqual(high + slack);
        } else {
          const slack = 0.05 * Math.max(Math.abs(low), Math.abs(high));
          expect(emission.value, shown).toBeGreaterThanOrEqual(Math.min(low, high) - slack);
          expect(emission.value, shown).toBeLessThanOrEqual(Math.max(low, high) + slack);
        }
      }
    } finally {
      sampler.close();
      exporter.kill('SIGKILL');
    }
  },
);
