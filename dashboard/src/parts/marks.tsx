import type { ReactNode } from 'react';
import type { Anomaly, EntityView, OutlookView, StatusView } from '../../../src/api/contract/index.ts';
import { afterName, percent } from '../format.ts';

type Severity = Anomaly['severity'];
export type Confidence = OutlookView['confidence'];

/* Each severity has a shape of its own: ring, diamond, triangle, octagon. */
const shapes: Readonly<Record<Severity, ReactNode>> = {
  none: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="2" />,
  medium: <path d="M6 .5 11.5 6 6 11.5.5 6Z" fill="currentColor" />,
  high: <path d="M6 .8 11.8 11H.2Z" fill="currentColor" />,
  critical: <path d="M3.6.5h4.8L11.5 3.6v4.8L8.4 11.5H3.6L.5 8.4V3.6Z" fill="currentColor" />,
};

/** A severity as shape and word; the colour only repeats them. */
export function SeverityMark({ severity, children }: { severity: Severity; children?: ReactNode }) {
  return (
    <span className={`severity ${severity}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {shapes[severity]}
      </svg>
      {children ?? (severity === 'none' ? 'normal' : severity)}
    </span>
  );
}

const entityStates: Readonly<Record<EntityView['state'], readonly [Severity, string]>> = {
  ok: ['none', 'well'],
  learning: ['none', 'learning'],
  unusual: ['medium', 'unusual'],
  alerting: ['critical', 'alerting'],
  stale: ['high', 'stale'],
};

type Judged = Pick<EntityView, 'name' | 'state' | 'sentence'>;

/** Whether its sentence says more than that it is well: a disk that has always been full is nothing unusual, and no ease. */
export function saysMore({ name, state, sentence }: Judged): boolean {
  return state !== 'ok' || !/^(is )?well\.?$/.test(afterName(name, sentence));
}

/** The state in a word, as it is marked, counted and searched for. */
export function stateWord(entity: Judged): string {
  return entity.state === 'ok' && saysMore(entity) ? 'strained' : entityStates[entity.state][1];
}

export function EntityStateMark({ entity }: { entity: Judged }) {
  return <SeverityMark severity={entityStates[entity.state][0]}>{stateWord(entity)}</SeverityMark>;
}

const partStates: Readonly<
  Record<StatusView['components'][number]['state'] | 'good' | 'drifting' | 'damaged', Severity>
> = {
  ok: 'none',
  good: 'none',
  learning: 'none',
  stopped: 'medium',
  drifting: 'medium',
  degraded: 'high',
  failed: 'critical',
  damaged: 'critical',
};

export function PartStateMark({ state }: { state: keyof typeof partStates }) {
  return <SeverityMark severity={partStates[state]}>{state}</SeverityMark>;
}

/** A confidence with where it comes from: a prior is not sold as a measurement. */
export function ConfidenceText({ confidence }: { confidence: Confidence }) {
  const from =
    confidence.source === 'measured' ? `measured on ${confidence.sampleCount}` : 'an assumption, nothing scored yet';
  return (
    <span>
      {percent(confidence.value)}{' '}
      <span className="muted">
        ({confidence.band}; {from})
      </span>
    </span>
  );
}

export function Share({ value }: { value: number }) {
  return (
    <svg className="share" viewBox="0 0 64 6" preserveAspectRatio="none" aria-hidden="true">
      <rect width="64" height="6" rx="3" />
      <rect width={Math.max(2, 64 * Math.min(1, value))} height="6" rx="3" />
    </svg>
  );
}

/** A used share of a budget; past it the bar changes colour and the caller says so in words. */
export function Meter({ value, limit, label }: { value: number; limit: number; label: string }) {
  const share = limit > 0 ? Math.min(1, value / limit) : 0;
  return (
    <svg
      className={value > limit ? 'meter over' : 'meter'}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${percent(limit > 0 ? value / limit : 0)} of its budget`}
    >
      <rect className="all" width="100" height="6" />
      <rect className="used" width={Math.max(0.5, share * 100)} height="6" />
    </svg>
  );
}
