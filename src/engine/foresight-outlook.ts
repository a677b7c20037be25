import type { Prediction } from '../model/index.ts';
import type { Outlook } from './engine-view.ts';
import { BOTTLENECK_HORIZON_MS, BOTTLENECK_TYPE, type Foreseen, type Foresight } from './foresight.ts';
import { BUDGET_TYPE, type BudgetKeeper } from './foresight-budget.ts';
import { CAPACITY_MODEL, CAPACITY_TYPE, type CapacityKeeper } from './foresight-capacity.ts';
import type { ActualLookup, LedgerKeeper } from './ledger-keeper.ts';

/** Who foresees what. */
export interface AheadParts {
  readonly foresight: Foresight;
  readonly capacity: CapacityKeeper;
  readonly ledger: LedgerKeeper;
  readonly budgets: BudgetKeeper;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** What will be short, beside what only fills: minutes ahead, budgets, days ahead; soonest first. */
export function foreseenOutlook(
  { foresight, capacity, ledger, budgets }: AheadParts,
  nameOf: (entityId: string) => string,
  horizonMs: number,
  now: number,
): readonly Outlook[] {
  const all = [
    ...foresight.likely().map((one) => bottleneckOutlook(one, ledger)),
    ...budgets.outlook(nameOf),
    ...capacityOutlook(capacity, ledger, now),
  ];
  return all
    .filter(({ dueAt }) => dueAt === null || dueAt - now <= horizonMs)
    .sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
}

/** What was observed of a row of one of these; undefined for a row of others. */
export function actualOf(
  { foresight, capacity, budgets }: AheadParts,
  row: Prediction,
  from: number,
  to: number,
): ReturnType<ActualLookup> | undefined {
  switch (row.type) {
    case BOTTLENECK_TYPE:
      return foresight.actual(row, from, to);
    case CAPACITY_TYPE:
      return capacity.actual(row);
    case BUDGET_TYPE:
      return budgets.actual(row);
    default:
      return undefined;
  }
}

function bottleneckOutlook(one: Foreseen, ledger: LedgerKeeper): Outlook {
  const { entityId, component, sentence, severity, advice, found, madeAt, probability } = one;
  const at = (minutes: number | null | undefined): number | null =>
    minutes === null || minutes === undefined ? null : madeAt + minutes * MINUTE;
  return {
    kind: 'bottleneck',
    entityId,
    component,
    sentence,
    severity,
    dueAt: at(found?.inMinutes),
    from: at(found?.from),
    to: at(found?.to),
    advice,
    confidence: ledger.confidence(
      { type: BOTTLENECK_TYPE, entityId, model: BOTTLENECK_TYPE, horizonMs: BOTTLENECK_HORIZON_MS },
      probability,
    ),
    record: ledger.recordSentence({ type: BOTTLENECK_TYPE, model: BOTTLENECK_TYPE }),
  };
}

function capacityOutlook(capacity: CapacityKeeper, ledger: LedgerKeeper, now: number): Outlook[] {
  return capacity.short().map((one) => ({
    kind: 'capacity',
    entityId: one.entityId,
    component: one.component,
    sentence: one.sentence,
    severity: one.at !== null && one.at - now < 7 * DAY ? 'medium' : 'none',
    dueAt: one.at,
    from: one.from,
    to: one.to,
    advice: one.advice,
    confidence: ledger.confidence(
      { type: CAPACITY_TYPE, entityId: one.entityId, model: CAPACITY_MODEL, horizonMs: 7 * DAY },
      0.9,
    ),
    record: ledger.recordSentence({ type: CAPACITY_TYPE, model: CAPACITY_MODEL }),
  }));
}
