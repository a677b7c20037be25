/**
 * Measures Auspex: `node bench/run.ts [part …] [--option value …]`; all parts without a name. Each prints a table and writes
 * bench/results/<part>.json. Exits with 1 when a part failed; a missed aim is printed and is no failure.
 */
import { Options } from './options.ts';
import { print, type Report, save } from './report.ts';

const parts: Readonly<Record<string, () => Promise<(options: Options) => Promise<Report>>>> = {
  ingest: async () => (await import('./parts/ingest.ts')).ingest,
  series: async () => (await import('./parts/series.ts')).series,
  points: async () => (await import('./parts/points.ts')).points,
  detect: async () => (await import('./parts/detect.ts')).detect,
  idle: async () => (await import('./parts/idle.ts')).idle,
  page: async () => (await import('./parts/page.ts')).page,
  prometheus: async () => (await import('./parts/prometheus.ts')).prometheus,
};

const names: string[] = [];
const values = new Map<string, string>();
const args = process.argv.slice(2);
for (let i = 0; i < args.length; i++) {
  const arg = args[i] as string;
  if (!arg.startsWith('--')) names.push(arg);
  else values.set(arg.slice(2), args[++i] ?? '');
}
const unknown = names.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`There is no part ${unknown.join(', ')}. Parts: ${Object.keys(parts).join(', ')}.\n`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
const options = new Options(values);
for (const name of names.length > 0 ? names : Object.keys(parts)) {
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
