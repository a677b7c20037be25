import { civilOffset } from '../stats/civil-time.ts';

const DAY = 86_400_000;
const QUARTER = 900_000;

/**
 * Offsets of time zones from UTC, by quarter hours, remembered: one look at the zone's rules a day, so that a sample costs
 * an addition. An unknown zone is treated as UTC.
 */
export class CivilTime {
  readonly #zones = new Map<string, Zone>();

  zone(name: string): Zone {
    let zone = this.#zones.get(name);
    if (zone === undefined) {
      zone = new Zone(name);
      this.#zones.set(name, zone);
    }
    return zone;
  }
}

/** One zone's offsets, with the stretch in which the last answer holds. */
export class Zone {
  from = 0;
  until = 0;
  offset = 0;
  readonly #name: string;
  readonly #days = new Map<number, number>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Milliseconds to add to `at` (ms UTC) for civil time. */
  offsetAt(at: number): number {
    if (at >= this.from && at < this.until) return this.offset;
    const day = Math.floor(at / DAY);
    let offset = this.#days.get(day);
    if (offset === undefined) {
      const start = this.#look(day * DAY);
      offset = start === this.#look((day + 1) * DAY) ? start : Number.NaN;
      if (this.#days.size > 1000) this.#days.clear();
      this.#days.set(day, offset);
    }
    if (offset === offset) {
      this.from = day * DAY;
      this.until = this.from + DAY;
      this.offset = offset;
    } else {
      this.from = Math.floor(at / QUARTER) * QUARTER;
      this.until = this.from + QUARTER;
      this.offset = this.#look(this.from);
    }
    return this.offset;
  }

  #look(at: number): number {
    return civilOffset(this.#name, at);
  }
}
