import type { Entity } from '../model/index.ts';
import type { DetectionPort } from './detection-port.ts';
import type { EntityStates } from './entity-states.ts';
import type { EventRing } from './event-ring.ts';
import type { HostBoard } from './host-board.ts';

const BAND_REFRESH_MS = 10_000;

interface LiveFeedParts {
  readonly board: HostBoard;
  readonly states: EntityStates;
  readonly detection: DetectionPort;
  readonly ring: EventRing;
}

/** Sends to those who look on what is new: a host's figures once they have come, the sentence once it says something else. */
export class LiveFeed {
  readonly #parts: LiveFeedParts;
  readonly #shownAt = new Map<string, number>();
  readonly #bandsAt = new Map<string, number>();
  #sentence = '';

  constructor(parts: LiveFeedParts) {
    this.#parts = parts;
  }

  /** With the bands that are usual now. */
  async show(entity: Entity, now: number): Promise<void> {
    const { board, states, detection, ring } = this.#parts;
    const at = board.lastAt(entity.id);
    if (at === 0 || at <= (this.#shownAt.get(entity.id) ?? 0)) return;
    this.#shownAt.set(entity.id, at);
    if (now - (this.#bandsAt.get(entity.id) ?? 0) >= BAND_REFRESH_MS) {
      this.#bandsAt.set(entity.id, now);
      const refs = board.gaugeRefs(entity.id);
      states.setBands(refs, await detection.expected(entity.id, refs));
      states.setLearning(entity.id, await detection.learning(entity.id));
    }
    ring.publish({ topic: 'samples', entityId: entity.id, at, gauges: states.gauges(entity.id) });
  }

  say(sentence: string): void {
    if (sentence === this.#sentence) return;
    this.#sentence = sentence;
    this.#parts.ring.publish({ topic: 'overview', sentence });
  }
}
