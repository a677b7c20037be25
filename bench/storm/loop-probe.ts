import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/*
 * Loaded into the server before it starts (`node --import`): how long its event loop was held. At SIGUSR2 it writes what it saw
 * since the last one. A stall by the clock has in it what the machine gave to others meanwhile; by the thread's CPU time it is Auspex's own.
 */

export interface LoopReading {
  /** The longest distance between two turns, ms by the clock. */
  readonly longestMs: number;
  /** The most CPU time of the event loop's thread between two turns, ms. */
  readonly longestCpuMs: number;
  /** Turns with more than 20 ms of CPU time. */
  readonly over20: number;
  /** monitorEventLoopDelay at 1 ms: 99th percentile and maximum, ms. */
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest garbage collection, ms by the clock. */
  readonly longestGcMs: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
}

/** Node 24 has it; its types lag behind. */
const threadCpuMs = (): number => {
  const { user, system } = (process as unknown as { threadCpuUsage(): NodeJS.CpuUsage }).threadCpuUsage();
  return (user + system) / 1000;
};

const file = process.env['BENCH_LOOP_FILE'];
if (file !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  let [longest, longestCpu, over20, longestGc] = [0, 0, 0, 0];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestGc = Math.max(longestGc, duration);
  }).observe({ entryTypes: ['gc'] });
  let [at, cpu] = [performance.now(), threadCpuMs()];
  const look = (): void => {
    const [now, cpuNow] = [performance.now(), threadCpuMs()];
    longest = Math.max(longest, now - at);
    longestCpu = Math.max(longestCpu, cpuNow - cpu);
    if (cpuNow - cpu > 20) over20++;
    [at, cpu] = [now, cpuNow];
    setTimeout(look, 1).unref();
  };
  look();
  process.on('SIGUSR2', () => {
    look();
    const memory = process.memoryUsage();
    const reading: LoopReading = {
      longestMs: longest,
      longestCpuMs: longestCpu,
      over20,
      p99Ms: histogram.percentile(99) / 1e6,
      maxMs: histogram.max / 1e6,
      longestGcMs: longestGc,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
    };
    [longest, longestCpu, over20, longestGc] = [0, 0, 0, 0];
    histogram.reset();
    writeFileSync(file, JSON.stringify(reading));
  });
}
