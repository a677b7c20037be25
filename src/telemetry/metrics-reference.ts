import type { Registry } from 'prom-client';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly labelNames?: readonly string[];
}

/** docs/reference/metrics.md, made from the registry: one row a metric. */
export function metricsReference(registry: Registry): string {
  const rows = registry
    .getMetricsAsArray()
    .map((metric) => metric as unknown as Described)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, help, type, labelNames }) => {
      const labels = (labelNames ?? []).map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${String(type)} | ${labels} | ${help} |`;
    });
  return [
    '# Metrics',
    '',
    'What Auspex tells of itself at `GET /metrics`, in the Prometheus text format. Times are in seconds, sizes in bytes.',
    'This page is generated from `src/telemetry/metrics.ts`; `npx vitest run src/telemetry --update` writes it anew.',
    '',
    '| Metric | Type | Labels | What it says |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
