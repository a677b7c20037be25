import { Link } from 'wouter';
import type { IncidentDetail } from '../../../src/api/contract/index.ts';
import { Time } from '../parts/time.tsx';
import { withParams } from '../range.ts';

type Business = NonNullable<IncidentDetail['business']>;

const BEFORE_MS = 60 * 60_000;

/** What it costs in terms of the business: what came of orders, sign-ups, revenue in that time, and what is usual. */
export function BusinessImpact({ business }: { business: IncidentDetail['business'] }) {
  if (business === null) return null;
  const { from, to, items, leftOut } = business;
  return (
    <section aria-labelledby="business">
      <div className="head">
        <h2 id="business">The business in that time</h2>
        <span className="small muted">
          <Time at={from} /> to <Time at={to} />
        </span>
      </div>
      <ul className="card flush rows">
        {items.map((item) => (
          <li key={`${item.serviceId} ${item.metric}`} className="line cost">
            <span className={toneOf(item)}>{item.text}</span>
            <Way item={item} from={from} to={to} />
          </li>
        ))}
      </ul>
      {leftOut > 0 && (
        <p className="small muted below-card">
          Not looked at: {leftOut} more business {leftOut === 1 ? 'metric' : 'metrics'}.
        </p>
      )}
    </section>
  );
}

/** What differs stands out; that a metric is silent is seen, that it is as usual is quiet. */
function toneOf({ isUsual, usual }: Business['items'][number]): string | undefined {
  if (isUsual === false) return 'strong';
  return isUsual === null && usual !== null ? undefined : 'muted';
}

/** To its chart from an hour before on; where nothing tells it, to where it is named. */
function Way({ item, from, to }: { item: Business['items'][number]; from: string; to: string }) {
  const { entityId, metric, service, serviceId } = item;
  if (entityId === null)
    return (
      <Link className="link nowrap" href={`/services/${encodeURIComponent(serviceId)}`}>
        {service}
      </Link>
    );
  const range = { from: new Date(Date.parse(from) - BEFORE_MS).toISOString(), to };
  return (
    <Link
      className="link nowrap"
      href={`/explore${withParams('', { host: entityId, metric, ...range })}`}
      aria-label={`Chart of ${metric}`}
    >
      Chart
    </Link>
  );
}
