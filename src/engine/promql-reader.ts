import { evaluatePromql, evaluateRange, type PromqlSource } from '../decide/promql/evaluate.ts';
import type { Query, SelectorNode } from '../decide/promql/syntax.ts';
import type { InSlices, PromqlValue, SeriesSamples } from '../decide/promql/values.ts';
import { type SelectorWindow, windowsOf } from '../decide/promql/windows.ts';
import { AuspexError } from '../errors.ts';
import type { Matcher, MetricStore } from '../model/index.ts';
import { nextTurn } from '../next-turn.ts';

/** How much one question may read. */
export interface ReadLimits {
  /** Series of all its selectors. */
  readonly series: number;
  readonly samples: number;
}

/** An answer, and how many series were read for it. */
export interface Answer<T> {
  readonly value: T;
  readonly series: number;
}

/** How long the event loop is held at a time. */
const SLICE_MS = 5;
/** So many series are read at once: more would hold the loop while they are taken over from the reader's thread. */
const READ_AT_ONCE = 500;
const NEWEST: ReadonlySet<string> = new Set(['selector']);

/** Answers PromQL from the metric store: reads what an expression needs, then evaluates it in slices. */
export class PromqlReader {
  readonly #metrics: Pick<MetricStore, 'index' | 'range'>;
  readonly #limits: ReadLimits;

  constructor(metrics: Pick<MetricStore, 'index' | 'range'>, limits: ReadLimits) {
    this.#metrics = metrics;
    this.#limits = limits;
  }

  /** At an instant, ms UTC. @throws AuspexError BAD_REQUEST where it reads too much or its series do not match. */
  async at(query: Query, at: number): Promise<Answer<PromqlValue>> {
    const { source, series } = await this.#read(query, windowsOf(query, at), true);
    return { value: await inSlices(evaluatePromql(query, at, source)), series };
  }

  /** At every step of a range. @throws AuspexError as `at`. */
  async over(
    query: Query,
    range: { readonly start: number; readonly end: number; readonly stepMs: number },
  ): Promise<Answer<readonly SeriesSamples[]>> {
    const { source, series } = await this.#read(query, windowsOf(query, range.start, range.end), false);
    return { value: await inSlices(evaluateRange(query, range, source)), series };
  }

  async #read(
    query: Query,
    windows: readonly SelectorWindow[],
    isInstant: boolean,
  ): Promise<{ readonly source: PromqlSource; readonly series: number }> {
    const kinds = isInstant ? selectorKinds(query) : new Map<number, string>();
    const byKey = new Map<string, readonly SeriesSamples[]>();
    const bySelector = new Map<number, readonly SeriesSamples[]>();
    let series = 0;
    let samples = 0;
    for (const { selector, from, to } of windows) {
      const isNewest = NEWEST.has(kinds.get(selector.id) ?? '');
      const key = JSON.stringify([selector.matchers, from, to, isNewest]);
      let found = byKey.get(key);
      if (found === undefined) {
        found = await this.#series(selector, from, to, isNewest, series);
        byKey.set(key, found);
        series += found.length;
        for (const { times } of found) samples += times.length;
        if (samples > this.#limits.samples)
          throw tooMuch(`${samples} samples`, `${this.#limits.samples}`, selector.position);
      }
      bySelector.set(selector.id, found);
    }
    return { source: { samplesOf: ({ id }) => bySelector.get(id) ?? [] }, series };
  }

  async #series(
    { matchers, position }: SelectorNode,
    from: number,
    to: number,
    isNewest: boolean,
    before: number,
  ): Promise<readonly SeriesSamples[]> {
    const room = this.#limits.series - before;
    const found = this.#metrics.index.select(withoutEmpty(matchers), room + 1);
    if (found.length > room) throw tooMuch(`more than ${this.#limits.series} series`, 'that many', position);
    const labels = new Map(found.map((one) => [one.ref, one.labels]));
    const read: SeriesSamples[] = [];
    for (let i = 0; i < found.length; i += READ_AT_ONCE) {
      const refs = found.slice(i, i + READ_AT_ONCE).map(({ ref }) => ref);
      const points = await this.#metrics.range(refs, from, to, ...(isNewest ? [1] : []));
      for (const { ref, times, values } of points)
        if (times.length > 0) read.push({ labels: labels.get(ref) ?? [], times, values });
    }
    return read;
  }
}

/** A condition that every series meets says nothing, and an index need not look for it. */
function withoutEmpty(matchers: readonly Matcher[]): readonly Matcher[] {
  return matchers.filter(({ op, value }) => !(op === '=~' && value === '.*'));
}

/** Of a selector that stands outside of ranges and subqueries the newest sample is enough. */
function selectorKinds({ root }: Query): Map<number, string> {
  const kinds = new Map<number, string>();
  const walk = (node: Query['root']): void => {
    switch (node.kind) {
      case 'selector':
        kinds.set(node.id, 'selector');
        return;
      case 'call':
        node.args.forEach(walk);
        return;
      case 'aggregate':
        if (node.parameter !== null) walk(node.parameter);
        return walk(node.inner);
      case 'binary':
        walk(node.left);
        return walk(node.right);
      case 'negation':
        return walk(node.inner);
      default:
    }
  };
  walk(root);
  return kinds;
}

function tooMuch(what: string, limit: string, position: number): AuspexError {
  return new AuspexError(
    'BAD_REQUEST',
    `Position ${position}: the expression reads ${what}, the limit is ${limit}. Name fewer series or a shorter range.`,
    { data: { position } },
  );
}

/** Runs work to its end, and lets others go first every few milliseconds. */
export async function inSlices<T>(work: InSlices<T>): Promise<T> {
  for (let since = performance.now(); ; ) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
}
