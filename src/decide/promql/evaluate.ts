import { isStaleMarker, type Labels, labelsFrom, labelsKey, METRIC_NAME } from '../../model/index.ts';
import { aggregate } from './aggregate.ts';
import { arithmetic, betweenVectors, setOperation, withScalar } from './binary.ts';
import { promqlFault } from './fault.ts';
import { histogramQuantile } from './histogram.ts';
import { labelJoin, labelReplace } from './label-functions.ts';
import { calendarFunctions, mathFunctions, rounded } from './math-functions.ts';
import { keepsName, rangeFunctions } from './range-functions.ts';
import {
  type AggregateNode,
  type BinaryNode,
  type CallNode,
  type Expression,
  isSetOperator,
  type Query,
  type RangeNode,
  type SelectorNode,
  type Shift,
  type SubqueryNode,
} from './syntax.ts';
import {
  type InSlices,
  type InstantSample,
  type PromqlValue,
  type SeriesSamples,
  SLICE,
  withoutNames,
} from './values.ts';

/** How far back a sample still speaks for the present. */
export const LOOKBACK_MS = 5 * 60_000;
/** The step of a subquery that names none. */
const DEFAULT_STEP_MS = 60_000;

/** What an expression is evaluated on. */
export interface PromqlSource {
  /** The samples of a selector within the window that `windowsOf` names; more do no harm. */
  samplesOf(selector: SelectorNode): readonly SeriesSamples[];
  /** Steps of a subquery that names none; a minute unless given. */
  readonly stepMs?: number;
}

interface Context {
  readonly source: PromqlSource;
  readonly start: number;
  readonly end: number;
}

/**
 * An expression's value at an instant, as Prometheus 3 answers it (ranges and the lookback of 5 minutes leave their left
 * end out). Pure. It yields every few hundred series, so that the caller may let others go first; `atOnce` runs it through.
 * @throws AuspexError BAD_REQUEST with the position where series do not match as the expression asks.
 */
export function* evaluatePromql(query: Query, at: number, source: PromqlSource): InSlices<PromqlValue> {
  return yield* evaluate(query.root, at, { source, start: at, end: at });
}

/** The same at every step from `start` to `end`, as a chart asks for it. */
export function* evaluateRange(
  query: Query,
  range: { readonly start: number; readonly end: number; readonly stepMs: number },
  source: PromqlSource,
): InSlices<readonly SeriesSamples[]> {
  if (query.type !== 'vector' && query.type !== 'scalar')
    throw promqlFault('only vectors and numbers have a course', 1);
  const { start, end, stepMs } = range;
  const context: Context = { source, start, end };
  const collected = new Collected();
  for (let at = start; at <= end; at += stepMs) {
    const value = yield* evaluate(query.root, at, context);
    if (value.type === 'scalar') collected.add(at, [], value.value);
    else if (value.type === 'vector')
      for (const sample of value.samples) collected.add(at, sample.labels, sample.value);
    yield;
  }
  return collected.series();
}

/** Runs work in slices to its end without a stop. */
export function atOnce<T>(work: InSlices<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function* evaluate(node: Expression, at: number, context: Context): InSlices<PromqlValue> {
  switch (node.kind) {
    case 'number':
      return { type: 'scalar', value: node.value };
    case 'string':
      return { type: 'string', value: node.value };
    case 'selector':
      return { type: 'vector', samples: (yield* newest(node, at, context)).map(({ sample }) => sample) };
    case 'range':
    case 'subquery':
      return { type: 'matrix', series: (yield* windowed(node, at, context)).series };
    case 'negation': {
      const inner = yield* evaluate(node.inner, at, context);
      if (inner.type === 'scalar') return { type: 'scalar', value: -inner.value };
      const negated = samplesIn(inner, node).map(({ labels, value }) => ({ labels, value: -value }));
      return { type: 'vector', samples: withoutNames(negated, node.position) };
    }
    case 'aggregate':
      return { type: 'vector', samples: yield* aggregated(node, at, context) };
    case 'binary':
      return yield* combined(node, at, context);
    case 'call':
      return yield* called(node, at, context);
  }
}

function samplesIn(value: PromqlValue, { position }: Expression): readonly InstantSample[] {
  if (value.type !== 'vector') throw promqlFault('an instant vector is expected', position);
  return value.samples;
}

function shifted({ offsetMs, at: fixed }: Shift, at: number, { start, end }: Context): number {
  const base = fixed === null ? at : fixed === 'start' ? start : fixed === 'end' ? end : fixed;
  return base - offsetMs;
}

/** How many of the ascending times are at most `at`. */
function countUpTo(times: Float64Array, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Each series' newest sample within the lookback; a series that has ended is not there. */
function* newest(
  node: SelectorNode,
  evaluatedAt: number,
  context: Context,
): InSlices<{ readonly sample: InstantSample; readonly at: number }[]> {
  const at = shifted(node.shift, evaluatedAt, context);
  const found: { sample: InstantSample; at: number }[] = [];
  let done = 0;
  for (const { labels, times, values } of context.source.samplesOf(node)) {
    if (++done % SLICE === 0) yield;
    const last = countUpTo(times, at) - 1;
    if (last < 0 || times[last] <= at - LOOKBACK_MS || isStaleMarker(values[last])) continue;
    found.push({ sample: { labels, value: values[last] }, at: times[last] });
  }
  return found;
}

interface Windowed {
  readonly series: readonly SeriesSamples[];
  readonly from: number;
  readonly to: number;
}

function* windowed(node: RangeNode | SubqueryNode, evaluatedAt: number, context: Context): InSlices<Windowed> {
  const to = shifted(node.kind === 'range' ? node.selector.shift : node.shift, evaluatedAt, context);
  const from = to - node.rangeMs;
  if (node.kind === 'subquery') return { series: yield* steps(node, from, to, context), from, to };
  const series: SeriesSamples[] = [];
  let done = 0;
  for (const one of context.source.samplesOf(node.selector)) {
    if (++done % SLICE === 0) yield;
    const first = countUpTo(one.times, from);
    const end = countUpTo(one.times, to);
    if (end > first) {
      const kept = withoutStale(one, first, end);
      if (kept.times.length > 0) series.push(kept);
    }
  }
  return { series, from, to };
}

function withoutStale({ labels, times, values }: SeriesSamples, first: number, end: number): SeriesSamples {
  let stale = 0;
  for (let i = first; i < end; i++) if (isStaleMarker(values[i])) stale++;
  if (stale === 0) return { labels, times: times.subarray(first, end), values: values.subarray(first, end) };
  const kept = { labels, times: new Float64Array(end - first - stale), values: new Float64Array(end - first - stale) };
  let n = 0;
  for (let i = first; i < end; i++) {
    if (isStaleMarker(values[i])) continue;
    kept.times[n] = times[i];
    kept.values[n++] = values[i];
  }
  return kept;
}

/** A subquery's samples: its expression at every step behind `from` up to `to`, steps counted from 1970. */
function* steps(node: SubqueryNode, from: number, to: number, context: Context): InSlices<readonly SeriesSamples[]> {
  const stepMs = node.stepMs ?? context.source.stepMs ?? DEFAULT_STEP_MS;
  const collected = new Collected();
  for (let at = (Math.floor(from / stepMs) + 1) * stepMs; at <= to; at += stepMs) {
    const value = yield* evaluate(node.inner, at, context);
    for (const { labels, value: one } of samplesIn(value, node.inner)) collected.add(at, labels, one);
    yield;
  }
  return collected.series();
}

/** Instants put together to series. */
class Collected {
  readonly #series = new Map<
    string,
    { readonly labels: Labels; readonly times: number[]; readonly values: number[] }
  >();

  add(at: number, labels: Labels, value: number): void {
    const key = labelsKey(labels);
    let one = this.#series.get(key);
    if (one === undefined) this.#series.set(key, (one = { labels, times: [], values: [] }));
    one.times.push(at);
    one.values.push(value);
  }

  series(): SeriesSamples[] {
    return [...this.#series.values()].map(({ labels, times, values }) => ({
      labels,
      times: Float64Array.from(times),
      values: Float64Array.from(values),
    }));
  }
}

function* aggregated(node: AggregateNode, at: number, context: Context): InSlices<readonly InstantSample[]> {
  const given = node.parameter === null ? null : yield* evaluate(node.parameter, at, context);
  const inner = yield* evaluate(node.inner, at, context);
  const parameter = given?.type === 'scalar' || given?.type === 'string' ? given.value : null;
  return yield* aggregate(node, samplesIn(inner, node.inner), parameter);
}

function* combined(node: BinaryNode, at: number, context: Context): InSlices<PromqlValue> {
  const left = yield* evaluate(node.left, at, context);
  const right = yield* evaluate(node.right, at, context);
  if (left.type === 'scalar' && right.type === 'scalar')
    return { type: 'scalar', value: arithmetic(node.op, left.value, right.value) };
  if (left.type === 'scalar')
    return { type: 'vector', samples: withScalar(node, samplesIn(right, node.right), left.value, true) };
  if (right.type === 'scalar')
    return { type: 'vector', samples: withScalar(node, samplesIn(left, node.left), right.value, false) };
  const sides = [samplesIn(left, node.left), samplesIn(right, node.right)] as const;
  return {
    type: 'vector',
    samples: isSetOperator(node.op) ? yield* setOperation(node, ...sides) : yield* betweenVectors(node, ...sides),
  };
}

function* called(node: CallNode, at: number, context: Context): InSlices<PromqlValue> {
  const { name, args } = node;
  const ofRange = rangeFunctions.get(name);
  if (ofRange !== undefined) return { type: 'vector', samples: yield* overRange(node, at, context) };
  if (name === 'absent' || name === 'absent_over_time')
    return { type: 'vector', samples: yield* absent(node, at, context) };
  const [first] = args;
  // Of a selector's own samples it tells the time; of anything else, the time that is evaluated for.
  if (name === 'timestamp' && first?.kind === 'selector') {
    const found = yield* newest(first, at, context);
    return {
      type: 'vector',
      samples: withoutNames(
        found.map((one) => ({ ...one.sample, value: one.at / 1000 })),
        node.position,
      ),
    };
  }
  const values: PromqlValue[] = [];
  for (const arg of args) values.push(yield* evaluate(arg, at, context));
  return yield* ofValues(node, values, at);
}

/** Functions whose arguments are evaluated before them. */
function* ofValues(node: CallNode, values: readonly PromqlValue[], at: number): InSlices<PromqlValue> {
  const { name, position } = node;
  const numbers = values.flatMap((value) => (value.type === 'scalar' ? [value.value] : []));
  const texts = values.flatMap((value) => (value.type === 'string' ? [value.value] : []));
  const given = values.find((value) => value.type === 'vector');
  const samples = given?.samples ?? [];
  const [a = Number.NaN, b = Number.NaN] = numbers;
  const vector = (answer: readonly InstantSample[]): PromqlValue => ({ type: 'vector', samples: answer });
  const mapped = (change: (value: number) => number): PromqlValue =>
    vector(
      withoutNames(
        samples.map((one) => ({ labels: one.labels, value: change(one.value) })),
        position,
      ),
    );
  const math = mathFunctions.get(name);
  if (math !== undefined) {
    return given === undefined && calendarFunctions.has(name)
      ? vector([{ labels: [], value: math(at / 1000) }])
      : mapped(math);
  }
  switch (name) {
    case 'time':
      return { type: 'scalar', value: at / 1000 };
    case 'pi':
      return { type: 'scalar', value: Math.PI };
    case 'scalar':
      return { type: 'scalar', value: samples.length === 1 ? (samples[0]?.value ?? Number.NaN) : Number.NaN };
    case 'vector':
      return vector([{ labels: [], value: a }]);
    case 'timestamp':
      return mapped(() => at / 1000);
    case 'round':
      return mapped((value) => rounded(value, numbers.length === 0 ? 1 : a));
    case 'clamp':
      return b < a ? vector([]) : mapped((value) => Math.max(a, Math.min(b, value)));
    case 'clamp_min':
      return mapped((value) => Math.max(a, value));
    case 'clamp_max':
      return mapped((value) => Math.min(a, value));
    case 'sort':
    case 'sort_desc':
      return vector(sorted(samples, name === 'sort'));
    case 'histogram_quantile':
      return vector(histogramQuantile(a, samples));
    case 'label_replace':
      return vector(yield* labelReplace(samples, texts, position));
    case 'label_join':
      return vector(yield* labelJoin(samples, texts, position));
    default:
      throw promqlFault(`the function ${name} is not supported`, position);
  }
}

/** NaN last either way. */
function sorted(samples: readonly InstantSample[], isAscending: boolean): readonly InstantSample[] {
  return [...samples].sort(({ value: a }, { value: b }) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return isAscending ? a - b : b - a;
  });
}

function* overRange(node: CallNode, at: number, context: Context): InSlices<readonly InstantSample[]> {
  const range = node.args.find(isMatrix);
  if (range === undefined) throw promqlFault(`${node.name} takes a range vector`, node.position);
  const number = node.args.find((arg) => arg !== range);
  const parameter = number === undefined ? null : yield* evaluate(number, at, context);
  const { series, from, to } = yield* windowed(range, at, context);
  const compute = rangeFunctions.get(node.name);
  const samples: InstantSample[] = [];
  let done = 0;
  for (const { labels, times, values } of series) {
    if (++done % SLICE === 0) yield;
    const value = compute?.(
      { times, values, from, to, at },
      parameter?.type === 'scalar' ? parameter.value : Number.NaN,
    );
    if (value !== null && value !== undefined) samples.push({ labels, value });
  }
  return keepsName.has(node.name) ? samples : withoutNames(samples, node.position);
}

function isMatrix(node: Expression): node is RangeNode | SubqueryNode {
  return node.kind === 'range' || node.kind === 'subquery';
}

/** 1 where nothing is there, with the labels that the selector asks for by name. */
function* absent(node: CallNode, at: number, context: Context): InSlices<readonly InstantSample[]> {
  const [of] = node.args as readonly [Expression];
  const value = yield* evaluate(of, at, context);
  const isThere =
    value.type === 'vector' ? value.samples.length > 0 : value.type === 'matrix' && value.series.length > 0;
  return isThere ? [] : [{ labels: absentLabels(of), value: 1 }];
}

function absentLabels(of: Expression): Labels {
  const selector = of.kind === 'selector' ? of : of.kind === 'range' ? of.selector : null;
  if (selector === null) return [];
  // As Prometheus has it: in the order in which they stand, the first "=" of a label sets it, whatever comes behind takes it away.
  const labels = new Map<string, string>();
  const given = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === METRIC_NAME) continue;
    if (op === '=' && !given.has(name)) {
      labels.set(name, value);
      given.add(name);
    } else labels.delete(name);
  }
  return labelsFrom(labels);
}
