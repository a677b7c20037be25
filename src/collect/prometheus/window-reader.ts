import { AuspexError } from '../../errors.ts';
import { type Matcher, parseSelector } from '../../model/index.ts';
import type { PrometheusReader, ReadSeries } from './api-reader.ts';

/** Shorter windows are not halved: there it is the number of series that is too large. */
const SHORTEST_MS = 60_000;
const MOST_PARTS = 256;

/**
 * Reads all series of some selectors over a window, in as many requests as the server's limits and ours on an answer ask for: the
 * window in halves, then the series by the names of their metrics. How they were parted is remembered.
 */
export class WindowReader {
  readonly #reader: Pick<PrometheusReader, 'read' | 'names'>;
  #parts: readonly (readonly Matcher[])[];

  constructor(reader: Pick<PrometheusReader, 'read' | 'names'>, selectors: readonly string[]) {
    this.#reader = reader;
    this.#parts = selectors.map(parseSelector);
  }

  /** Points in (from, to]. A series may come several times, each time with other points. @throws AuspexError as `PrometheusReader.read`. */
  async *read(from: number, to: number): AsyncGenerator<readonly ReadSeries[]> {
    for (const part of this.#parts) yield* this.#readPart(part, from, to);
  }

  async *#readPart(part: readonly Matcher[], from: number, to: number): AsyncGenerator<readonly ReadSeries[]> {
    try {
      yield await this.#reader.read(selectorOf(part), from, to);
      return;
    } catch (thrown) {
      if (!isTooMuch(thrown)) throw thrown;
      if (to - from <= 2 * SHORTEST_MS) {
        const halves = await this.#halved(part, from, to);
        if (halves === undefined) throw thrown;
        for (const half of halves) yield* this.#readPart(half, from, to);
        return;
      }
    }
    const middle = from + Math.round((to - from) / 2000) * 1000;
    yield* this.#readPart(part, from, middle);
    yield* this.#readPart(part, middle, to);
  }

  /** The series of half of the names, and all others: so that a name which is new is in one of the two. */
  async #halved(
    part: readonly Matcher[],
    from: number,
    to: number,
  ): Promise<readonly (readonly Matcher[])[] | undefined> {
    const names = await this.#reader.names(selectorOf(part), from, to);
    if (names.length < 2 || this.#parts.length >= MOST_PARTS) return undefined;
    const value = names
      .slice(0, Math.ceil(names.length / 2))
      .map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('|');
    const halves = (['=~', '!~'] as const).map((op) => [...part, { name: '__name__', op, value }]);
    this.#parts = this.#parts.flatMap((one) => (one === part ? halves : [one]));
    return halves;
  }
}

/** All in braces: there a name may have several conditions. */
function selectorOf(matchers: readonly Matcher[]): string {
  return `{${matchers.map(({ name, op, value }) => `${name}${op}${JSON.stringify(value)}`).join(',')}}`;
}

/** The server's limit on samples, memory or time of a query, or ours on an answer. */
function isTooMuch(thrown: unknown): boolean {
  if (!(thrown instanceof AuspexError)) return false;
  if (thrown.code === 'TOO_LARGE' || thrown.code === 'TIMEOUT') return true;
  const { status } = thrown.data;
  if (status !== 422 && status !== 413 && status !== 400 && status !== 503) return false;
  return /too many|would load|limit|maxSamples|timed out|too large|exceed/i.test(thrown.message);
}
