import {
  formatPrometheusDuration,
  parsePrometheusDuration,
  type ScrapeJob,
  type TargetGroup,
} from '../../model/scrape.ts';
import { createRelabeller } from './relabel.ts';

/** One endpoint to scrape, as relabelling left it. */
export interface ScrapeTarget {
  readonly job: ScrapeJob;
  readonly url: string;
  /** What every sample of it carries: `job`, `instance`, and what the configuration adds. */
  readonly labels: ReadonlyMap<string, string>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Equal for targets that may go on undisturbed across a reload. */
  readonly key: string;
}

/** The targets of one job out of its groups, and what is wrong with those that are none. Equal targets become one. */
export function targetsOf(
  job: ScrapeJob,
  groups: readonly TargetGroup[],
): { readonly targets: readonly ScrapeTarget[]; readonly problems: readonly string[] } {
  const relabel = createRelabeller(job.relabelConfigs);
  const { staticConfigs: _static, files: _files, ...settings } = job;
  const settingsKey = JSON.stringify(settings);
  const targets = new Map<string, ScrapeTarget>();
  const problems: string[] = [];
  for (const group of groups) {
    for (const address of group.targets) {
      const labels = discoveredLabels(job, group, address);
      if (!relabel(labels)) continue;
      const target = finish(job, labels, settingsKey);
      if (typeof target === 'string') problems.push(`Target ${address} of job ${job.jobName} is left out: ${target}.`);
      else targets.set(target.key, target);
    }
  }
  return { targets: [...targets.values()], problems };
}

function discoveredLabels(job: ScrapeJob, group: TargetGroup, address: string): Map<string, string> {
  const labels = new Map(Object.entries(group.labels).filter(([, value]) => value !== ''));
  labels.set('__address__', address);
  const defaults: [string, string][] = [
    ['job', job.jobName],
    ['__scrape_interval__', formatPrometheusDuration(job.scrapeIntervalMs)],
    ['__scrape_timeout__', formatPrometheusDuration(job.scrapeTimeoutMs)],
    ['__metrics_path__', job.metricsPath],
    ['__scheme__', job.scheme],
  ];
  for (const [name, value] of defaults) if (!labels.has(name)) labels.set(name, value);
  for (const [name, [value]] of Object.entries(job.params)) {
    if (value !== undefined && value !== '') labels.set(`__param_${name}`, value);
  }
  return labels;
}

function finish(job: ScrapeJob, labels: Map<string, string>, settingsKey: string): ScrapeTarget | string {
  const scheme = labels.get('__scheme__') ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') return `scheme "${scheme}" is neither http nor https`;
  const given = labels.get('__address__') ?? '';
  if (given === '') return 'relabelling left no __address__';
  if (/[/\s@?#]/.test(given)) return `"${given}" is not an address; write host:port`;
  const address =
    /:\d+$/.test(given) && !/^[^[]*:.*:/.test(given) ? given : `${given}:${scheme === 'https' ? 443 : 80}`;
  const intervalMs = parsePrometheusDuration(labels.get('__scrape_interval__') ?? '') ?? 0;
  const timeoutMs = parsePrometheusDuration(labels.get('__scrape_timeout__') ?? '') ?? 0;
  if (intervalMs === 0 || timeoutMs === 0)
    return '__scrape_interval__ and __scrape_timeout__ must be durations above 0';
  if (timeoutMs > intervalMs) return `the timeout (${timeoutMs} ms) is longer than the interval (${intervalMs} ms)`;
  const url = urlOf(job, labels, scheme, address);
  if (url === undefined) return `"${given}" is not an address; write host:port`;
  if (!labels.has('instance')) labels.set('instance', address);
  const own = new Map([...labels].filter(([name]) => !name.startsWith('__')).sort(([a], [b]) => (a < b ? -1 : 1)));
  const key = JSON.stringify([url, [...own], intervalMs, timeoutMs, settingsKey]);
  return { job, url, labels: own, intervalMs, timeoutMs, key };
}

function urlOf(
  job: ScrapeJob,
  labels: ReadonlyMap<string, string>,
  scheme: string,
  address: string,
): string | undefined {
  const params = new Map(Object.entries(job.params).map(([name, values]) => [name, [...values]]));
  for (const [label, value] of labels) {
    if (!label.startsWith('__param_')) continue;
    const name = label.slice('__param_'.length);
    params.set(name, [value, ...(params.get(name) ?? []).slice(1)]);
  }
  const path = labels.get('__metrics_path__') ?? '/metrics';
  try {
    const url = new URL(`${scheme}://${address}`);
    url.pathname = path;
    for (const [name, values] of [...params].sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const value of values) url.searchParams.append(name, value);
    }
    return url.href;
  } catch {
    return undefined;
  }
}
