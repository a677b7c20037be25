import { SeededRandom } from '../../../src/stats/random.ts';

const METRICS = [
  'http_requests_total',
  'memory_bytes',
  'temperature',
  'queue_depth',
  'odd',
  'up',
  'latency_seconds_bucket',
  'build_info',
];
const LABELS = ['job', 'instance', 'code', 'queue', 'kind', 'le', 'place'];
const CONDITIONS = [
  'instance="a:80"',
  'instance!="b:80"',
  'instance=~"[ab]:.*"',
  'job!~"d.*"',
  'code=~"4..|5.."',
  'queue!=""',
  'kind="constant"',
  'job="shop"',
];
const RANGES = ['1m', '2m', '5m', '11m', '30m', '1h'];
const OVER_TIME = ['avg', 'min', 'max', 'sum', 'count', 'last', 'present', 'stddev', 'stdvar'].map(
  (name) => `${name}_over_time`,
);
const OF_RANGE = ['rate', 'irate', 'increase', 'delta', 'idelta', 'deriv', 'changes', 'resets', ...OVER_TIME];
const MATH = [
  'abs',
  'ceil',
  'floor',
  'exp',
  'ln',
  'log2',
  'log10',
  'sqrt',
  'sgn',
  'sort',
  'sort_desc',
  'round',
  'timestamp',
  'absent',
];
const CALENDAR = ['minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year'];
const AGGREGATES = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];

/** Expressions at random over the shop's past, of every construct that is supported. The same seed gives the same. */
export class RandomExpressions {
  readonly #random: SeededRandom;
  /** Steps of one within another would lie on its bounds, where Prometheus before 3 keeps one sample more. */
  #isWithinSubquery = false;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  next(): string {
    return this.#chance(0.1) ? this.#scalar(3) : this.#vector(3);
  }

  #chance(share: number): boolean {
    return this.#random.next() < share;
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random.next() * list.length)] as T;
  }

  #some(list: readonly string[], most: number): string[] {
    return [...new Set(Array.from({ length: Math.floor(this.#random.next() * (most + 1)) }, () => this.#one(list)))];
  }

  #name(): string {
    const conditions = this.#some(CONDITIONS, 2);
    const name = this.#chance(0.03) ? 'nothing_there' : this.#one(METRICS);
    return `${name}${conditions.length > 0 || this.#chance(0.1) ? `{${conditions.join(',')}}` : ''}`;
  }

  #shift(): string {
    const offset = this.#chance(0.2) ? ` offset ${this.#one(['5m', '1h', '-3m', '90s'])}` : '';
    return offset;
  }

  #selector(): string {
    return this.#name() + this.#shift();
  }

  #range(depth: number): string {
    if (depth > 0 && !this.#isWithinSubquery && this.#chance(0.15)) {
      this.#isWithinSubquery = true;
      const inner = this.#vector(depth - 1);
      this.#isWithinSubquery = false;
      return `(${inner})[${this.#one(['5m', '12m', '20m'])}:${this.#one(['30s', '1m', '2m', ''])}]${this.#shift()}`;
    }
    return `${this.#name()}[${this.#one(RANGES)}]${this.#shift()}`;
  }

  #scalar(depth: number): string {
    const simple = () =>
      this.#one(['0', '1', '2', '-3', '0.5', '7', '1e3', '60', 'time()', 'pi()', '0x1F', 'NaN', 'Inf', '-Inf']);
    if (depth <= 0 || this.#chance(0.6)) return simple();
    return this.#one([
      () => `scalar(${this.#vector(depth - 1)})`,
      () => `-${simple()}^2`,
      () => `(${this.#scalar(depth - 1)} ${this.#one(['+', '-', '*', '/', '%', '^'])} ${this.#scalar(depth - 1)})`,
      () => `(${this.#scalar(depth - 1)} ${this.#one(['==', '>', '<=', '!='])} bool ${this.#scalar(depth - 1)})`,
    ])();
  }

  #vector(depth: number): string {
    if (depth <= 0) return this.#selector();
    return this.#one([
      () => this.#selector(),
      () => this.#ofRange(depth),
      () => this.#ofRange(depth),
      () => this.#function(depth),
      () => this.#aggregate(depth),
      () => this.#aggregate(depth),
      () => this.#withScalar(depth),
      () => this.#between(depth),
      () => this.#between(depth),
      () => `-${this.#vector(depth - 1)}`,
    ])();
  }

  #ofRange(depth: number): string {
    const special = this.#random.next();
    if (special < 0.08)
      return `quantile_over_time(${this.#one(['0.5', '0.9', '0', '1', '2', '-1'])}, ${this.#range(depth)})`;
    if (special < 0.16) return `predict_linear(${this.#range(depth)}, ${this.#one(['3600', '60', '-120', '14400'])})`;
    if (special < 0.2) return `absent_over_time(${this.#range(depth)})`;
    return `${this.#one(OF_RANGE)}(${this.#range(depth)})`;
  }

  #function(depth: number): string {
    const inner = () => this.#vector(depth - 1);
    return this.#one([
      () => `${this.#one(MATH)}(${inner()})`,
      () => `${this.#one(MATH)}(${inner()})`,
      () => `round(${inner()}, ${this.#one(['0.1', '5', '10'])})`,
      () => `clamp(${inner()}, ${this.#one(['0', '-5', '9'])}, ${this.#one(['3', '100', '4e4'])})`,
      () => `clamp_min(${inner()}, 2)`,
      () => `clamp_max(${inner()}, 2)`,
      () => `${this.#one(CALENDAR)}(${this.#one(['', 'clock_seconds', 'timestamp(up)'])})`,
      () => `vector(${this.#scalar(depth - 1)})`,
      () =>
        `histogram_quantile(${this.#one(['0.5', '0.9', '0.99', '0', '1', '1.5', '-1', '0.01'])}, ${this.#one([
          `rate(latency_seconds_bucket[5m])`,
          `sum by (le) (rate(latency_seconds_bucket[11m]))`,
          `sum by (le, instance) (increase(latency_seconds_bucket[1h]))`,
          `latency_seconds_bucket{le!="+Inf"}`,
          inner(),
        ])})`,
      () =>
        `label_replace(${inner()}, "${this.#one(LABELS)}", "${this.#one(['$1', 'x-$1', '$$1', '${1}y', '', '$2'])}", "${this.#one(LABELS)}", "${this.#one(['(.*)', '(.):.*', '5(.+)', 'nope'])}")`,
      () => `label_join(${inner()}, "joined", "-", "${this.#one(LABELS)}", "${this.#one(LABELS)}")`,
    ])();
  }

  #aggregate(depth: number): string {
    const grouping = this.#chance(0.7) ? ` ${this.#one(['by', 'without'])} (${this.#some(LABELS, 3).join(', ')})` : '';
    const special = this.#random.next();
    const inner = this.#vector(depth - 1);
    if (special < 0.08) return `quantile${grouping} (${this.#one(['0.5', '0.95', '0', '1', '3'])}, ${inner})`;
    // Ties are broken by chance there: these have none.
    if (special < 0.14)
      return `${this.#one(['topk', 'bottomk'])}${grouping} (${this.#one(['1', '2', '5', '0'])}, memory_bytes)`;
    if (special < 0.17)
      return `count_values${grouping} ("number", ${this.#one(['up', 'queue_depth', 'build_info', 'round(temperature)'])})`;
    return this.#chance(0.5)
      ? `${this.#one(AGGREGATES)}${grouping} (${inner})`
      : `${this.#one(AGGREGATES)}(${inner})${grouping}`;
  }

  #withScalar(depth: number): string {
    const op = this.#one([
      '+',
      '-',
      '*',
      '/',
      '%',
      '^',
      '==',
      '!=',
      '>',
      '<',
      '>=',
      '<=',
      '> bool',
      '<= bool',
      '== bool',
    ]);
    const sides = [`(${this.#vector(depth - 1)})`, this.#scalar(depth - 1)];
    return (this.#chance(0.7) ? sides : sides.toReversed()).join(` ${op} `);
  }

  #between(depth: number): string {
    const known = [
      'http_requests_total / on(instance) group_left(version) build_info',
      'build_info * on(instance) group_right() http_requests_total',
      'queue_depth > on(queue) queue_limit',
      'queue_depth / on(queue) group_left() queue_limit',
      'queue_depth > bool ignoring(job) queue_limit',
      'memory_bytes / ignoring(job) group_left() sum without(job) (memory_bytes)',
      'sum by (instance) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (instance) (rate(http_requests_total[5m]))',
      'up and on(instance) memory_bytes > 4e4',
      'up unless on(instance) memory_bytes',
      'memory_bytes or temperature',
    ];
    if (this.#chance(0.35)) return `(${this.#one(known)})`;
    const op = this.#one(['+', '-', '*', '/', 'and', 'or', 'unless', '>', '<', '>= bool', '!=']);
    const isSet = /and|or|unless/.test(op);
    const labels = this.#some(LABELS, 2);
    const on = this.#chance(0.5) ? ` ${this.#one(['on', 'ignoring'])}(${labels.join(', ')})` : '';
    const group = on !== '' && !isSet && this.#chance(0.3) ? ` ${this.#one(['group_left', 'group_right'])}()` : '';
    return `(${this.#vector(depth - 1)} ${op}${on}${group} ${this.#vector(depth - 1)})`;
  }
}
