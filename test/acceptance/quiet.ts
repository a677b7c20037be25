// Quiet minutes after a warm-up: nobody is paged, and hardly anything is found. Nothing else should run meanwhile.
//   node test/acceptance/quiet.ts [--warm 20] [--minutes 40]
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAuspex } from '../e2e/running-auspex.ts';
import { Cleanup, options, pause, report, temporaryFolder } from './support.ts';

const given = options({ warm: 20, minutes: 40 });
const TICKS_A_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024;
}

const cleanup = new Cleanup();
try {
  const running = await startAuspex({ home: join(temporaryFolder(cleanup, 'quiet'), 'home') });
  cleanup.add(() => running.kill('SIGKILL'));
  await pause(given.warm * 60_000);
  const from = Date.now();
  const cpuBefore = cpuSeconds(running.pid);
  await pause(given.minutes * 60_000);
  const anomalies = (await running.client.call('anomalies', { query: { limit: 500 } })).items;
  const alerts = (await running.client.call('alerts', { query: { limit: 500 } })).items;
  const found = anomalies.filter((one) => Date.parse(one.detectedAt) >= from && one.severity !== 'none');
  const paged = alerts.filter((one) => one.firedAt !== null && Date.parse(one.firedAt) >= from);
  const result = {
    minutes: given.minutes,
    pages: paged.length,
    findings: found.length,
    residentMiB: Math.round(residentBytes(running.pid) / 1024 / 1024),
    cpuPercent: Math.round(((cpuSeconds(running.pid) - cpuBefore) / (given.minutes * 60)) * 1e4) / 100,
  };
  for (const one of [...found, ...paged]) console.log(one.summary);
  await running.stop();
  report(
    'quiet',
    [result],
    { ...result, said: found.map((one) => one.summary) },
    paged.length === 0 && found.length <= 2,
  );
} finally {
  await cleanup.run();
}
