/** What a relabelling rule does to a label set, as Prometheus names it. */
export type RelabelAction =
  | 'replace'
  | 'keep'
  | 'drop'
  | 'keepequal'
  | 'dropequal'
  | 'hashmod'
  | 'labelmap'
  | 'labeldrop'
  | 'labelkeep'
  | 'lowercase'
  | 'uppercase';

/** One relabelling rule with Prometheus's defaults filled in. */
export interface RelabelRule {
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** RE2, anchored at both ends. */
  readonly regex: string;
  readonly modulus: number;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly action: RelabelAction;
}

/** Targets that share labels; an address is `host:port`. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ScrapeTls {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly serverName: string | null;
  readonly insecureSkipVerify: boolean;
}

/** The Authorization header: from a value or from a file that is read at each scrape, so that it may be rotated. */
export type ScrapeAuthorization =
  | { readonly type: 'none' }
  | {
      readonly type: 'basic';
      readonly username: string;
      readonly password: string;
      readonly passwordFile: string | null;
    }
  | {
      readonly type: 'header';
      /** `Bearer`, say. */
      readonly scheme: string;
      readonly credentials: string;
      readonly credentialsFile: string | null;
    };

/** One scrape job, as `scrape_configs` of Prometheus has it, with defaults filled in. */
export interface ScrapeJob {
  readonly jobName: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  /** Whose labels hold when the target and its job both set one. */
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  /** Samples after relabelling that fail the scrape; 0 is no limit. */
  readonly sampleLimit: number;
  /** Of the decompressed body. */
  readonly bodySizeLimitBytes: number;
  readonly authorization: ScrapeAuthorization;
  readonly tls: ScrapeTls;
  readonly staticConfigs: readonly TargetGroup[];
  /** Files (with globs) that list target groups in JSON or YAML, read again when they change. */
  readonly files: readonly string[];
  readonly relabelConfigs: readonly RelabelRule[];
  readonly metricRelabelConfigs: readonly RelabelRule[];
}

/** How scraping one target goes. Times in ms UTC. */
export interface ScrapeTargetState {
  readonly job: string;
  readonly url: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly up: boolean;
  readonly lastScrapeAt: number | null;
  readonly lastDurationMs: number | null;
  readonly samples: number;
  readonly error: string | null;
}

const DURATION_UNITS: readonly (readonly [string, number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** A duration as Prometheus writes it (`15s`, `1m30s`, `0`) in ms, or undefined. */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = DURATION.exec(text);
  if (match === null || text === '') return undefined;
  return DURATION_UNITS.reduce((sum, [, ms], i) => sum + Number(match[i + 1] ?? 0) * ms, 0);
}

/** The shortest form that `parsePrometheusDuration` reads back. */
export function formatPrometheusDuration(ms: number): string {
  let rest = Math.round(ms);
  let text = '';
  for (const [unit, size] of DURATION_UNITS) {
    const n = Math.floor(rest / size);
    if (n > 0) text += `${n}${unit}`;
    rest -= n * size;
  }
  return text === '' ? '0s' : text;
}
