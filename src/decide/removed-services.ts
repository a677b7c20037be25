import type { ServiceRow } from '../model/index.ts';

/** Services that were removed: what was seen of one until then does not bring it back, also after a restart. */
export class RemovedServices {
  readonly #rows = new Map<string, ServiceRow>();

  keep(row: ServiceRow): void {
    this.#rows.set(row.id, row);
  }

  get(id: string): ServiceRow | undefined {
    return this.#rows.get(id);
  }

  /** It is there again, under the id that it had. */
  revive(id: string): void {
    this.#rows.delete(id);
  }

  /** When what is found under each key was removed last. */
  keys(): ReadonlyMap<string, number> {
    const at = new Map<string, number>();
    for (const { keys, removedAt } of this.#rows.values())
      for (const key of keys) at.set(key, Math.max(at.get(key) ?? 0, removedAt ?? 0));
    return at;
  }

  /** Lets go of those that were removed before a time; gives their ids. */
  fade(before: number): readonly string[] {
    const faded = [...this.#rows.values()].filter(({ removedAt }) => (removedAt ?? 0) <= before).map(({ id }) => id);
    for (const id of faded) this.#rows.delete(id);
    return faded;
  }
}
