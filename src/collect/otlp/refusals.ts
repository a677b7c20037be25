/** Why something of a request was not taken. */
export type OtlpRefusal =
  | 'future'
  | 'time'
  | 'labels'
  | 'series-limit'
  | 'temporality'
  | 'histogram'
  | 'order'
  | 'name'
  | 'value';

/** Gathers what cannot be taken, to say it in the answer's partial_success; the rest is kept. */
export class OtlpRefusals {
  readonly #byReason = new Map<OtlpRefusal, { count: number; readonly example: string }>();
  readonly #what: string;
  readonly #futureMs: number;

  constructor(what: 'data point' | 'log record', futureMs: number) {
    this.#what = what;
    this.#futureMs = futureMs;
  }

  add(reason: OtlpRefusal, example: string): void {
    const known = this.#byReason.get(reason);
    if (known !== undefined) known.count++;
    else this.#byReason.set(reason, { count: 1, example: example.slice(0, 200) });
  }

  list(): readonly { readonly reason: OtlpRefusal; readonly count: number }[] {
    return [...this.#byReason].map(([reason, { count }]) => ({ reason, count }));
  }

  get count(): number {
    return this.list().reduce((sum, { count }) => sum + count, 0);
  }

  /** What a person at the sender reads; empty where nothing was refused. */
  message(): string {
    return [...this.#byReason]
      .map(([reason, { count, example }]) => {
        const many = `${count.toLocaleString('en-US')} ${this.#what}${count === 1 ? '' : 's'}`;
        return `Refused ${many}: ${this.#why(reason, example)}`;
      })
      .join(' ');
  }

  #why(reason: OtlpRefusal, example: string): string {
    switch (reason) {
      case 'future':
        return `timestamps more than ${Math.round(this.#futureMs / 1000)} s in the future (clock of ${example}?). Check its time service.`;
      case 'time':
        return `no timestamp, or one beyond the calendar (${example}). Send time_unix_nano.`;
      case 'labels':
        return `${example}. Correct or drop it at the sender.`;
      case 'series-limit':
        return `new series past the limit on series (such as ${example}). Series that exist go on.`;
      case 'temporality':
        return `no aggregation temporality (${example}). Send delta or cumulative.`;
      case 'histogram':
        return `histograms whose buckets do not fit their bounds, or are more than are read (${example}).`;
      case 'order':
        return `deltas that are not newer than the last one (${example}). They were sent twice or out of order.`;
      case 'name':
        return 'metrics without a name.';
      case 'value':
        return `no value (${example}).`;
    }
  }
}
