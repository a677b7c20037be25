import type { OutlookView } from '../../../src/api/contract/index.ts';
import { ConfidenceText, SeverityMark } from './marks.tsx';
import { Time } from './time.tsx';

const kinds: Readonly<Record<OutlookView['kind'], string>> = {
  bottleneck: 'within minutes',
  budget: 'error budget',
  capacity: 'capacity',
};

/** What will be short, soonest first: when, what to do, how such statements did. */
export function Shortages({ items }: { items: readonly OutlookView[] }) {
  return (
    <ul className="card flush rows">
      {items.map((item) => (
        <li key={`${item.kind}/${item.entityId}/${item.component}`} className="line stack tight">
          <p>
            {item.severity !== 'none' && <SeverityMark severity={item.severity} />}{' '}
            <strong>{withStop(item.sentence)}</strong>
          </p>
          <p className="small muted">
            {kinds[item.kind]}
            {item.fromAt !== null && (
              <>
                {' · between '}
                <Time at={item.fromAt} />
                {item.toAt === null ? (
                  ' and much later'
                ) : (
                  <>
                    {' '}
                    and <Time at={item.toAt} />
                  </>
                )}
              </>
            )}
            {' · '}
            <ConfidenceText confidence={item.confidence} />
          </p>
          {item.advice !== '' && <p className="small">{withStop(item.advice)}</p>}
          <p className="small muted">{item.record}</p>
        </li>
      ))}
    </ul>
  );
}

function withStop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
