import { type Clock, confidence, formatValue, type Prediction } from '../model/index.ts';
import { exhaustionPhrase } from '../predict/exhaustion.ts';
import { reaches, type Statement } from '../predict/ledger.ts';
import type { BudgetExhaustion, ErrorBudget } from '../predict/violation.ts';
import type { Outlook } from './engine-view.ts';
import type { ActualLookup, LedgerKeeper } from './ledger-keeper.ts';
import type { TaskPool } from './task-pool.ts';

/** An objective's error budget, as whoever keeps objectives tells it. */
export interface WatchedBudget extends Omit<ErrorBudget, 'now' | 'level'> {
  readonly entityId: string;
  /** `answers within 300 ms` */
  readonly name: string;
}

interface Held {
  readonly budget: WatchedBudget;
  readonly found: BudgetExhaustion;
}

const DAY = 86_400_000;
const LEVEL = 0.9;
const REVIEW_MS = 600_000;
export const BUDGET_TYPE = 'budget';
const MODEL = 'burn';

/** Days of error budget that are left. Every ten minutes a few milliseconds a budget, on a pool thread. */
export class BudgetKeeper {
  readonly #budgets: () => readonly WatchedBudget[];
  readonly #ledger: LedgerKeeper;
  readonly #clock: Clock;
  readonly #tasks: TaskPool;
  #reviewedAt = 0;
  #held: readonly Held[] = [];

  constructor(parts: {
    budgets: () => readonly WatchedBudget[];
    ledger: LedgerKeeper;
    clock: Clock;
    tasks: TaskPool;
  }) {
    this.#budgets = parts.budgets;
    this.#ledger = parts.ledger;
    this.#clock = parts.clock;
    this.#tasks = parts.tasks;
  }

  /** Works out anew what is left, when it is time to, and writes it down. */
  async review(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#reviewedAt < REVIEW_MS) return;
    this.#reviewedAt = now;
    const held: Held[] = [];
    for (const budget of this.#budgets()) {
      const { left, spentByHour, windowMs } = budget;
      const found = await this.#tasks.run('budgetExhaustion', { left, spentByHour, windowMs, now, level: LEVEL });
      if (found !== null) held.push({ budget, found });
    }
    this.#held = held;
    await this.#ledger.make(held.flatMap((one) => statementOf(one, now)));
  }

  /** Budgets that do not last, in words. */
  outlook(nameOf: (entityId: string) => string): readonly Outlook[] {
    const now = this.#clock.now();
    return this.#held.map(({ budget: { entityId, name, left }, found }) => {
      const phrase = exhaustionPhrase(found, now).replace('fills in', 'is used up in').replace('is full', 'is used up');
      return {
        kind: 'budget',
        entityId,
        component: name,
        sentence: `${nameOf(entityId)}’s error budget of “${name}” ${phrase}, ${formatValue(Math.max(0, left), 'ratio')} left`,
        severity: found.at - now < DAY ? 'high' : found.at - now < 7 * DAY ? 'medium' : 'none',
        dueAt: found.at,
        from: found.from,
        to: found.to,
        advice: 'Hold back what is risky until it has recovered',
        confidence: this.#confidence(entityId, found, now),
        record: this.#ledger.recordSentence({ type: BUDGET_TYPE, model: MODEL }),
      };
    });
  }

  /** What is used of the budget that a row speaks of when it falls due: one point. Null where it is kept no more. Weak: one that was used up and came back in between counts as not used up. */
  actual(row: Prediction): ReturnType<ActualLookup> {
    const budget = this.#budgets().find(({ entityId, name }) => entityId === row.entityId && name === row.component);
    if (budget === undefined) return Promise.resolve(null);
    return Promise.resolve({ times: Float64Array.of(row.dueAt), values: Float64Array.of(1 - budget.left) });
  }

  #confidence(entityId: string, { to }: BudgetExhaustion, now: number): Outlook['confidence'] {
    // It may last: nothing is stated that could be judged.
    if (to === null) return confidence(0.5, 'prior', 0);
    const of = { type: BUDGET_TYPE, entityId, model: MODEL, horizonMs: horizonOf(to - now) };
    return this.#ledger.confidence(of, (1 + LEVEL) / 2);
  }
}

/** "Used up by the late end of the range." */
function statementOf({ budget, found }: Held, now: number): Statement[] {
  if (found.at <= now || found.to === null || found.to - now > 30 * DAY) return [];
  return [
    {
      type: BUDGET_TYPE,
      entityId: budget.entityId,
      component: budget.name,
      model: MODEL,
      modelVersion: 1,
      madeAt: now,
      horizonMs: horizonOf(found.to - now),
      value: 1,
      unit: 'ratio',
      probability: (1 + LEVEL) / 2,
      rule: reaches(1),
      baseline: null,
    },
  ];
}

/** Counted together by the order of their distance, or each would have a record of its own. */
function horizonOf(leftMs: number): number {
  return leftMs < DAY ? DAY : leftMs < 7 * DAY ? 7 * DAY : 30 * DAY;
}
