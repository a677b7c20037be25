import { useState } from 'react';
import type { ObjectiveItem } from '../../../src/api/contract/index.ts';
import { budgetWords } from '../alert-words.ts';
import { amount, duration } from '../format.ts';
import { SeverityMark } from '../parts/marks.tsx';
import { ObjectiveDialog, RemoveObjectiveDialog } from '../parts/objective-dialog.tsx';
import { Nothing } from '../parts/states.tsx';
import { useWhyNot } from '../why-not.ts';

type Asked = 'add' | { readonly change: ObjectiveItem } | { readonly remove: ObjectiveItem };

/** Each objective with its budget as a bar, worst first; those that were made here are changed and removed here. */
export function Objectives({ items }: { items: readonly ObjectiveItem[] }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const off = useWhyNot();
  const close = () => setAsked(null);
  const worstFirst = items.toSorted((a, b) => (a.budgetLeft ?? 2) - (b.budgetLeft ?? 2));
  return (
    <>
      {items.length === 0 ? (
        <div className="card flush">
          <Nothing title="No objective is set.">
            An objective says which share of a service’s requests must be good. Add one here, or write it under{' '}
            <code>objectives</code> in the configuration.
          </Nothing>
        </div>
      ) : (
        <ul className="card flush rows">
          {worstFirst.map((objective) => (
            <li key={objective.id}>
              <ObjectiveLine objective={objective} onAsk={off === null ? setAsked : null} />
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        <button type="button" className="button" disabled={off !== null} onClick={() => setAsked('add')}>
          Add an objective …
        </button>
        {off !== null && <span className="small">{off}</span>}
      </div>
      {asked === 'add' && <ObjectiveDialog objective={null} onClose={close} />}
      {typeof asked === 'object' && asked !== null && 'change' in asked && (
        <ObjectiveDialog objective={asked.change} onClose={close} />
      )}
      {typeof asked === 'object' && asked !== null && 'remove' in asked && (
        <RemoveObjectiveDialog objective={asked.remove} onClose={close} />
      )}
    </>
  );
}

const target = (share: number): string => `${Number((share * 100).toPrecision(7))}\u202f%`;

/** Not rounded to a whole number: of 99.9 % the digits behind the point are what counts. */
const exact = (share: number | null): string => (share === null ? '–' : `${(share * 100).toFixed(3)}\u202f%`);

function ObjectiveLine({
  objective,
  onAsk,
}: {
  objective: ObjectiveItem;
  /** Null: whoever looks may not change it. */
  onAsk: ((asked: Asked) => void) | null;
}) {
  const { name, entityName, windowDays, achieved, budgetLeft, burns, fault, historySeconds } = objective;
  const isYoung = budgetLeft !== null && historySeconds < windowDays * 86_400 * 0.99;
  const pace = (seconds: number): string => {
    const rate = burns.find(({ windowSeconds }) => windowSeconds === seconds)?.rate ?? null;
    return rate === null ? '–' : amount(rate, '');
  };
  const severity = budgetLeft === null ? 'none' : budgetLeft <= 0 ? 'high' : budgetLeft < 0.25 ? 'medium' : 'none';
  return (
    <div className="line finding" data-severity={severity === 'none' ? undefined : severity}>
      <SeverityMark severity={severity}>
        {budgetLeft === null ? 'no data' : budgetLeft <= 0 ? 'spent' : budgetLeft < 0.25 ? 'low' : 'kept'}
      </SeverityMark>
      <span className="what">
        <span className="strong">
          {name}: {exact(achieved)} of {target(objective.target)}
        </span>
        <Budget objective={objective} />
        <span className="below muted">
          {entityName}, over {windowDays} days. Budget: {budgetWords(objective)}.
          {isYoung && <> Judged on {duration(historySeconds * 1000)} of history.</>}
        </span>
        <span className="below muted">
          Pace (1 lasts just the window): {pace(300)} in 5 min, {pace(3600)} in 1 h, {pace(21_600)} in 6 h,{' '}
          {pace(259_200)} in 3 d.
        </span>
        {fault !== null && <span className="below anywhere">Not counted the last time: {fault}</span>}
        {objective.source === 'api' && onAsk !== null && (
          <span className="row">
            <button
              type="button"
              className="button"
              aria-label={`Change ${name}`}
              onClick={() => onAsk({ change: objective })}
            >
              Change …
            </button>
            <button
              type="button"
              className="button quiet"
              aria-label={`Remove ${name}`}
              onClick={() => onAsk({ remove: objective })}
            >
              Remove …
            </button>
          </span>
        )}
      </span>
      <span className="meta">
        <span className="part-of">{objective.source === 'configuration' ? 'configuration' : objective.createdBy}</span>
      </span>
    </div>
  );
}

function Budget({ objective }: { objective: ObjectiveItem }) {
  const left = objective.budgetLeft;
  if (left === null) return null;
  const isSpent = left <= 0;
  return (
    <svg
      className={isSpent ? 'meter over' : 'meter'}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`Error budget of ${objective.name}: ${budgetWords(objective)}`}
    >
      <rect className="all" width="100" height="6" />
      <rect className="used" width={isSpent ? 100 : Math.max(0.5, left * 100)} height="6" />
    </svg>
  );
}
