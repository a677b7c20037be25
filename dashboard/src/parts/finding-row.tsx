import { Link, useSearch } from 'wouter';
import type { Anomaly } from '../../../src/api/contract/index.ts';
import { rangeSearch } from '../range.ts';
import { SeverityMark } from './marks.tsx';
import { Lasting, Time } from './time.tsx';

const verdictWords = { none: '', confirmed: 'confirmed', normal: 'said to be normal', dismissed: 'dismissed' } as const;

/** A finding in one line; the link leads to its evidence. */
export function FindingRow({ anomaly, keepSearch = false }: { anomaly: Anomaly; keepSearch?: boolean }) {
  const search = useSearch();
  const kept = keepSearch && search !== '' ? `?${search}` : rangeSearch(search);
  return (
    <Link
      className="line finding"
      data-row=""
      data-severity={anomaly.status === 'open' ? anomaly.severity : undefined}
      href={`/anomalies/${encodeURIComponent(anomaly.id)}${kept}`}
    >
      <SeverityMark severity={anomaly.severity} />
      <span className="what">
        {!anomaly.summary.includes(anomaly.entityName) && <span className="where">{anomaly.entityName} </span>}
        {anomaly.summary} {anomaly.verdict !== 'none' && <span className="tag">{verdictWords[anomaly.verdict]}</span>}
      </span>
      <span className="meta">
        <Time at={anomaly.onsetAt} /> · <Lasting from={anomaly.onsetAt} to={anomaly.endedAt} />
      </span>
    </Link>
  );
}
