import { LOG_ERRORS_METRIC } from './error-event.ts';
import { type Labels, labelPairs, labelValue, METRIC_NAME, metricName } from './labels.ts';
import { SERVICE_FIGURE_PREFIX } from './service-metrics.ts';

/** How far a scraped target's clock is from ours, s, by the `Date` of its answer; 0 within what that can tell. */
export const CLOCK_OFFSET_METRIC = 'auspex_scrape_clock_offset_seconds';

/** 1 while a target cannot be scraped, with the label `reason`: refused, timeout, reset, unreachable, name, tls, answer. */
export const SCRAPE_FAILED_METRIC = 'auspex_scrape_failed';

/** One series that figures are derived from: its value now and at the collection before, NaN where it did not come. */
export interface ServiceInput {
  now: number;
  before: number;
  readonly role: Role;
}

/** What a series tells. `family`: the metric without its labels and suffix, so that what is counted twice is used once. */
type Role =
  | { readonly kind: 'up' | 'start' | 'resident' | 'cpu' | 'lag' | 'clock' }
  | { readonly kind: 'requests'; readonly family: string; readonly status: Status }
  | { readonly kind: 'errors' }
  | { readonly kind: 'spent' | 'answers'; readonly family: string }
  | { readonly kind: 'used' | 'most'; readonly figure: string };

type Status = 'none' | 'good' | 'failed' | 'refused';

/** What a counter grew by since the collection before. */
interface Grown {
  readonly input: ServiceInput;
  readonly by: number;
}

/** Told of each figure: its metric's name and its value. */
export type ServiceFigureReceiver = (metric: string, value: number) => void;

/** Whether it answers: the scrape itself, or the exporter's word on what it speaks for. */
const UP = /^(up|probe_success|[a-z]+_up)$/;
const REQUESTS = /(request|response|rpc|quer(y|ie)|command)/;
/** What a service asks of others is not what it is asked. */
const OUTGOING = /(client|outgoing|outbound|upstream_|dependency)/;
const STATUS_LABELS = [
  'code',
  'status',
  'status_code',
  'http_status',
  'http_status_code',
  'http_response_status_code',
  'result',
  'outcome',
];
const FAILED = /^(5\d\d|5xx|error|errors|failed|failure|internal|unavailable|deadline_exceeded)$/i;
/** Who asks is not known or not allowed: a few always are, many mean that a secret, a certificate or a clock is wrong. */
const REFUSED = /^(401|403|407|unauthenticated|unauthorized|permission_denied|forbidden|denied)$/i;
const ERRORS = /(error|failure|exception|rejected|rejection|timeout|aborted|panic)s?(_connections)?_total$/;
const DURATION = /(duration|latency|response_time|request_time)(_seconds)?_(sum|count)$/;

/** Gauges that are bounded, with what bounds them, by figure. Of several series of one metric the sum counts. */
const BOUNDED: Readonly<Record<string, readonly (readonly [used: string, most: string])[]>> = {
  connections_ratio: [
    ['redis_connected_clients', 'redis_config_maxclients'],
    ['pg_stat_activity_count', 'pg_settings_max_connections'],
    ['mysql_global_status_threads_connected', 'mysql_global_variables_max_connections'],
    ['haproxy_process_current_connections', 'haproxy_process_max_connections'],
    ['db_pool_used', 'db_pool_size'],
  ],
  open_files_ratio: [['process_open_fds', 'process_max_fds']],
  memory_ratio: [
    ['redis_memory_used_bytes', 'redis_memory_max_bytes'],
    ['process_resident_memory_bytes', 'process_memory_limit_bytes'],
    ['jvm_memory_used_bytes', 'jvm_memory_max_bytes'],
  ],
};

const ONE_METRIC: Readonly<Record<string, 'start' | 'resident' | 'cpu' | 'lag' | 'clock'>> = {
  [CLOCK_OFFSET_METRIC]: 'clock',
  process_start_time_seconds: 'start',
  process_resident_memory_bytes: 'resident',
  process_cpu_seconds_total: 'cpu',
  nodejs_eventloop_lag_mean_seconds: 'lag',
};

const boundedBy: ReadonlyMap<string, readonly Role[]> = boundedRoles();

/**
 * The main figures of one service (`serviceMetrics`) from the series that it exposes, by the naming rules of Prometheus
 * and OpenTelemetry: `…requests_total` and duration histograms with a status label, process figures of the client
 * libraries, `…_up` of exporters. Give it each collection's values by `set`, then `derive`.
 * Weak: a guess by names. Where a service counts its requests in several families, the one that tells failures apart and has
 * most is used; figures of what it asks of others are left out where their name says so.
 * Cost: O(series) a collection, some 100 bytes a series.
 */
export class ServiceFigureDeriver {
  readonly #inputs = new Map<string, ServiceInput>();

  /** The inputs that this label set feeds; none where no figure needs it. O(labels); keep what it returns. */
  input(labels: Labels): ServiceInput[] {
    return rolesOf(labels).map((role, i) => {
      const key = `${i}\n${labels.join('\n')}`;
      let input = this.#inputs.get(key);
      if (input === undefined) this.#inputs.set(key, (input = { now: Number.NaN, before: Number.NaN, role }));
      return input;
    });
  }

  /** A value of the collection under way; NaN for a series that ended. */
  set(input: ServiceInput, value: number): void {
    input.now = value;
  }

  /** Ends the collection: gives out its figures. `elapsedSeconds` since the one before; 0 where no rate may be computed. */
  derive(elapsedSeconds: number, give: ServiceFigureReceiver): void {
    const finite = (figure: string, value: number): void => {
      if (Number.isFinite(value)) give(`${SERVICE_FIGURE_PREFIX}${figure}`, value);
    };
    const of = (kind: Role['kind']): ServiceInput[] => this.#of(kind);
    const ups = of('up').flatMap(({ now }) => (Number.isNaN(now) ? [] : [now]));
    if (ups.length > 0) finite('down_ratio', 1 - Math.min(1, ...ups));
    for (const figure of Object.keys(BOUNDED)) finite(figure, this.#share(figure));
    finite(
      'resident_bytes',
      sum(of('resident'), (input) => input.now),
    );
    finite('loop_lag_seconds', Math.max(...of('lag').map(({ now }) => now)));
    finite('clock_offset_seconds', Math.max(...of('clock').map(({ now }) => Math.abs(now))));
    if (elapsedSeconds > 0) {
      // The start of a process is its own clock's: read twice it may tremble.
      const starts = of('start').filter(({ now, before }) => !Number.isNaN(now) && !Number.isNaN(before));
      if (starts.length > 0) finite('restarts', starts.filter(({ now, before }) => now - before > 1).length);
      finite('cpu_cores', sum(of('cpu'), growth) / elapsedSeconds);
      this.#requests(elapsedSeconds, finite);
      this.#latency(finite);
      const errors = of('errors');
      if (errors.length > 0) finite('error_rate', sum(errors, growth) / elapsedSeconds);
    }
    this.#turn();
  }

  /** Of the families that count requests the one with most: those first that tell failures apart. */
  #requests(elapsedSeconds: number, give: (figure: string, value: number) => void): void {
    const families = this.#families(['requests']).map(([name, inputs]) => {
      const totalOf = (status: Status): number => total(inputs.filter(({ input }) => statusIn(input) === status));
      const tells = inputs.some(({ input }) => statusIn(input) !== 'none');
      return { name, all: total(inputs), failed: totalOf('failed'), refused: totalOf('refused'), tells };
    });
    const [best] = families.sort((a, b) => rankOf(b) - rankOf(a) || b.all - a.all || (a.name < b.name ? -1 : 1));
    if (best === undefined) return;
    give('request_rate', best.all / elapsedSeconds);
    if (!best.tells || best.all <= 0) return;
    give('error_ratio', best.failed / best.all);
    give('refused_ratio', best.refused / best.all);
  }

  /** The mean of the family with most answers. */
  #latency(give: (figure: string, value: number) => void): void {
    const families = this.#families(['spent', 'answers']).map(([name, inputs]) => ({
      name,
      spent: total(inputs.filter(({ input }) => input.role.kind === 'spent')),
      answers: total(inputs.filter(({ input }) => input.role.kind === 'answers')),
    }));
    const [best] = families.sort((a, b) => b.answers - a.answers || (a.name < b.name ? -1 : 1));
    if (best !== undefined && best.answers > 0) give('latency_seconds', best.spent / best.answers);
  }

  /** What each family grew by, series by series; a family of which nothing is known from before is left out. */
  #families(kinds: readonly Role['kind'][]): [string, Grown[]][] {
    const families = new Map<string, ServiceInput[]>();
    for (const input of this.#inputs.values()) {
      const { role } = input;
      if (!kinds.includes(role.kind) || !('family' in role) || Number.isNaN(input.now)) continue;
      const inputs = families.get(role.family);
      if (inputs === undefined) families.set(role.family, [input]);
      else inputs.push(input);
    }
    return [...families].flatMap(([name, inputs]): [string, Grown[]][] => {
      if (inputs.every(({ before }) => Number.isNaN(before))) return [];
      // A label set that is new to a known family began at nothing: the first failure is one.
      return [[name, inputs.map((input) => ({ input, by: Number.isNaN(input.before) ? input.now : growth(input) }))]];
    });
  }

  /** What is used of a bound; the fullest where several are bounded. */
  #share(figure: string): number {
    const pairs = BOUNDED[figure] ?? [];
    const shares = pairs.map((_, pair) => {
      const total = (kind: 'used' | 'most'): number =>
        sum(
          this.#of(kind).filter(({ role }) => role.kind === kind && role.figure === `${figure} ${pair}`),
          (input) => input.now,
        );
      const most = total('most');
      return most > 0 ? Math.min(1, total('used') / most) : Number.NaN;
    });
    return Math.max(...shares.filter((share) => !Number.isNaN(share)));
  }

  #of(kind: Role['kind']): ServiceInput[] {
    return [...this.#inputs.values()].filter(({ role }) => role.kind === kind);
  }

  /** What is now becomes what was before. */
  #turn(): void {
    for (const input of this.#inputs.values()) {
      input.before = input.now;
      input.now = Number.NaN;
    }
  }
}

/** Whether a figure is derived from this series. O(labels). */
export function feedsServiceFigures(labels: Labels): boolean {
  return rolesOf(labels).length > 0;
}

function rolesOf(labels: Labels): Role[] {
  const name = metricName(labels);
  // Counted here, from logs, at times of its own: beside a scrape it would be a collection in which all else is missing.
  if (name === LOG_ERRORS_METRIC) return [];
  const roles: Role[] = [...(boundedBy.get(name) ?? [])];
  const one = ONE_METRIC[name];
  if (one !== undefined) roles.push({ kind: one });
  else if (UP.test(name)) roles.push({ kind: 'up' });
  else if (OUTGOING.test(name)) return roles;
  else if (DURATION.test(name) && labelValue(labels, 'quantile') === undefined) {
    const family = name.replace(/_(sum|count)$/, '');
    const isCount = name.endsWith('_count');
    roles.push({ kind: isCount ? 'answers' : 'spent', family });
    if (isCount && REQUESTS.test(name)) roles.push({ kind: 'requests', family, status: statusOf(labels) });
  } else if (ERRORS.test(name)) roles.push({ kind: 'errors' });
  else if (name.endsWith('_total') && REQUESTS.test(name))
    roles.push({ kind: 'requests', family: name, status: statusOf(labels) });
  return roles;
}

function statusOf(labels: Labels): Status {
  for (const [name, value] of labelPairs(labels))
    if (name !== METRIC_NAME && STATUS_LABELS.includes(name))
      return FAILED.test(value) ? 'failed' : REFUSED.test(value) ? 'refused' : 'good';
  return 'none';
}

function statusIn({ role }: ServiceInput): Status {
  return role.kind === 'requests' ? role.status : 'none';
}

/** A counter of requests goes before a histogram's count: that may be kept by fewer labels. */
function rankOf({ name, tells }: { readonly name: string; readonly tells: boolean }): number {
  return (tells ? 2 : 0) + (name.endsWith('_total') ? 1 : 0);
}

function total(grown: readonly Grown[]): number {
  return grown.reduce((all, { by }) => all + by, 0);
}

function boundedRoles(): ReadonlyMap<string, readonly Role[]> {
  const roles = new Map<string, Role[]>();
  for (const [figure, pairs] of Object.entries(BOUNDED))
    pairs.forEach(([used, most], pair) => {
      roles.set(used, [...(roles.get(used) ?? []), { kind: 'used', figure: `${figure} ${pair}` }]);
      roles.set(most, [...(roles.get(most) ?? []), { kind: 'most', figure: `${figure} ${pair}` }]);
    });
  return roles;
}

/** A counter that fell began anew, and grew by what it shows at least. NaN where it did not come twice in a row. */
function growth({ now, before }: ServiceInput): number {
  return now < before ? now : now - before;
}

/** Of those that are known; NaN where none is. */
function sum(inputs: readonly ServiceInput[], value: (input: ServiceInput) => number): number {
  const known = inputs.map(value).filter((one) => !Number.isNaN(one));
  return known.length === 0 ? Number.NaN : known.reduce((all, one) => all + one, 0);
}
