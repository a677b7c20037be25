import type { EngineEvent } from './engine-view.ts';

type WithoutSequence<E> = E extends unknown ? Omit<E, 'sequence'> : never;
export type NewEvent = WithoutSequence<EngineEvent>;

/** The last events in order, for those who listen and for those who come back after a lost connection. Bounded: the oldest go first. */
export class EventRing {
  readonly #events: EngineEvent[] = [];
  readonly #capacity: number;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #sequence = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get sequence(): number {
    return this.#sequence;
  }

  publish(event: NewEvent): void {
    const numbered = { ...event, sequence: ++this.#sequence } as EngineEvent;
    this.#events.push(numbered);
    // Cut in large steps: a shift of one for every event would move the whole array each time.
    if (this.#events.length > this.#capacity * 1.25) this.#events.splice(0, this.#events.length - this.#capacity);
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Gives held events after `after` first, then every new one. `complete` is false when some between are gone. */
  subscribe(
    after: number | null,
    listener: (event: EngineEvent) => void,
  ): { complete: boolean; sequence: number; stop: () => void } {
    const oldest = this.#events[0]?.sequence ?? this.#sequence + 1;
    const complete = after === null || (after <= this.#sequence && after >= oldest - 1);
    if (after !== null && complete) for (const event of this.#events) if (event.sequence > after) listener(event);
    this.#listeners.add(listener);
    return { complete, sequence: this.#sequence, stop: () => this.#listeners.delete(listener) };
  }
}
