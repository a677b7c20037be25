import type { ServiceDetail, ServiceGraphView } from '../../src/api/contract/index.ts';

/* Services in words and marks. Pure. */

type Severity = 'none' | 'medium' | 'high' | 'critical';

/** How ill a score is; below 80 a service is not called well. */
export function severityOfScore(score: number | null): Severity {
  if (score === null || score >= 80) return 'none';
  return score >= 50 ? 'medium' : score >= 25 ? 'high' : 'critical';
}

export function wordOfScore(score: number | null): string {
  return { none: score === null ? 'not seen' : 'well', medium: 'strained', high: 'ill', critical: 'very ill' }[
    severityOfScore(score)
  ];
}

const origins: Readonly<Record<ServiceDetail['callees'][number]['origins'][number], string>> = {
  connection: 'connections seen',
  label: 'named in its metrics',
  declared: 'it says so itself',
  person: 'added by hand',
};

export function originText(of: ServiceDetail['callees'][number]['origins']): string {
  return of.map((one) => origins[one]).join(', ');
}

/** `job=shop` → `job shop`. */
export function keyText(key: string): string {
  return key.replace(/^service=/, 'OpenTelemetry service ').replace('=', ' ');
}

/** Names of those that each service calls. */
export function calleesByService({ services, dependencies }: ServiceGraphView): ReadonlyMap<string, readonly string[]> {
  const nameOf = new Map(services.map(({ id, name }) => [id, name]));
  const callees = new Map<string, string[]>();
  for (const { from, to } of dependencies) {
    const name = nameOf.get(to) ?? to;
    const own = callees.get(from);
    if (own === undefined) callees.set(from, [name]);
    else own.push(name);
  }
  return callees;
}
