import type { TrackRecordView } from '../../../src/api/contract/index.ts';
import { duration } from '../format.ts';

/** Track records in words, the most scored first. */
export function TrackRecordLines({ records, limit = 4 }: { records: readonly TrackRecordView[]; limit?: number }) {
  const scored = records.filter((r) => r.scored > 0).sort((a, b) => b.scored - a.scored);
  if (scored.length === 0) {
    const pending = records.reduce((sum, r) => sum + r.pending, 0);
    return (
      <p className="muted">
        Nothing has fallen due yet{pending > 0 ? `; ${pending} predictions wait for their time` : ''}.
      </p>
    );
  }
  return (
    <ul className="stack tight">
      {scored.slice(0, limit).map((r) => (
        <li key={`${r.model}/${r.type}/${r.horizonSeconds}/${r.entityId ?? ''}`}>
          {r.sentence}{' '}
          <span className="muted">
            {r.model}, {duration(r.horizonSeconds * 1000)} ahead
          </span>
        </li>
      ))}
    </ul>
  );
}
