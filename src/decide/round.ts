/**
 * Goes round what is in a map, some of it at each call, for as long as it is asked: what only time changes needs no look
 * at everything at once. What is put in or taken out between two calls is no trouble, since a map's iterator is live.
 */
export class Round<K, V> {
  readonly #map: ReadonlyMap<K, V>;
  #place: Iterator<[K, V]>;

  constructor(map: ReadonlyMap<K, V>) {
    this.#map = map;
    this.#place = map.entries();
  }

  /** The next `most` entries; all of them, in the map's order, where there are no more than ten times as many. */
  next(most: number): [K, V][] {
    if (this.#map.size <= 10 * most) return [...this.#map];
    const entries: [K, V][] = [];
    while (entries.length < most) {
      const { done, value } = this.#place.next();
      if (done === true) this.#place = this.#map.entries();
      else entries.push(value);
    }
    return entries;
  }
}
