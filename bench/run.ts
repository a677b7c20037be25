/**
 * Measures Auspex: `node bench/run.ts [part …] [--option value …]`; all parts without a name. Each prints a table and writes
 * bench/results/<part>.json. Exits with 1 when a part failed; a missed aim is printed and is no failure.
 */
import { asked, type Options } from './options.ts';
import { print, type Report, save } from './report.ts';

const parts: Readonly<Record<string, () => Promise<(options: Options) => Promise<Report>>>> = {
  ingest: async () => (await import('./parts/ingest.ts')).ingest,
  series: async () => (await import('./parts/series.ts')).series,
  points: async () => (await import('./parts/points.ts')).points,
  detect: async () => (await import('./parts/detect.ts')).detect,
  idle: async () => (await import('./parts/idle.ts')).idle,
  page: async () => (await import('./parts/page.ts')).page,
  prometheus: async () => (await import('./parts/prometheus.ts')).prometheus,
  storm: async () => (await import('./parts/storm.ts')).storm,
};

const args = process.argv.slice(2);
const { names, options } = asked(args, Object.keys(parts), 'npm run bench');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
for (const name of names) {
  try {
    const part = await parts[name]?.();
    if (part === undefined) continue;
    const report = await part(options);
    print(name, report);
    save(name, report, ['node bench/run.ts', name, ...args.filter((arg) => !names.includes(arg))].join(' '));
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(
      `\n${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
}
