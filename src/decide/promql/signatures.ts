import type { ValueType } from './syntax.ts';

export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out. */
  readonly optional: number;
  /** The last argument may come any number of times. */
  readonly isVariadic?: true;
  readonly gives: ValueType;
}

const vector = (...args: ValueType[]): Signature => ({ args, optional: 0, gives: 'vector' });
const range = (): Signature => vector('matrix');
const math = (): Signature => vector('vector');
const calendar = (): Signature => ({ args: ['vector'], optional: 1, gives: 'vector' });
const scalar = (...args: ValueType[]): Signature => ({ args, optional: 0, gives: 'scalar' });

/** The functions that are understood, as Prometheus has them; any other is refused by name. */
export const signatures: ReadonlyMap<string, Signature> = new Map(
  Object.entries({
    rate: range(),
    irate: range(),
    increase: range(),
    delta: range(),
    idelta: range(),
    deriv: range(),
    predict_linear: vector('matrix', 'scalar'),
    changes: range(),
    resets: range(),
    avg_over_time: range(),
    min_over_time: range(),
    max_over_time: range(),
    sum_over_time: range(),
    count_over_time: range(),
    last_over_time: range(),
    present_over_time: range(),
    stddev_over_time: range(),
    stdvar_over_time: range(),
    quantile_over_time: vector('scalar', 'matrix'),
    absent_over_time: range(),
    absent: math(),
    abs: math(),
    ceil: math(),
    floor: math(),
    exp: math(),
    ln: math(),
    log2: math(),
    log10: math(),
    sqrt: math(),
    sgn: math(),
    round: { args: ['vector', 'scalar'], optional: 1, gives: 'vector' },
    clamp: vector('vector', 'scalar', 'scalar'),
    clamp_min: vector('vector', 'scalar'),
    clamp_max: vector('vector', 'scalar'),
    sort: math(),
    sort_desc: math(),
    timestamp: math(),
    vector: vector('scalar'),
    scalar: scalar('vector'),
    time: scalar(),
    pi: scalar(),
    minute: calendar(),
    hour: calendar(),
    day_of_week: calendar(),
    day_of_month: calendar(),
    day_of_year: calendar(),
    days_in_month: calendar(),
    month: calendar(),
    year: calendar(),
    histogram_quantile: vector('scalar', 'vector'),
    label_replace: vector('vector', 'string', 'string', 'string', 'string'),
    label_join: {
      args: ['vector', 'string', 'string', 'string'],
      optional: 1,
      isVariadic: true,
      gives: 'vector',
    },
  } satisfies Record<string, Signature>),
);
