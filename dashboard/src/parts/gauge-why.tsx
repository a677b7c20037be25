import { Link, useSearch } from 'wouter';
import type { EntityView, GaugeView } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { amount, span } from '../format.ts';
import { gaugeMetric } from '../gauge-metrics.ts';
import { rangeSearch, withParams } from '../range.ts';
import { FindingRow } from './finding-row.tsx';
import { Drawer } from './sheet.tsx';
import { Sparkline } from './sparkline.tsx';
import { Time } from './time.tsx';
import { TrackRecordLines } from './track-record.tsx';

function verdict(gauge: GaugeView): string {
  const { value, lower, upper, unit } = gauge;
  if (value === null) return 'There is no value: nothing came in for it.';
  if (lower === null || upper === null) return 'What is usual here is not learnt yet, so nothing is called unusual.';
  if (value > upper) return `${amount(value - upper, unit)} above what is usual at this time.`;
  if (value < lower) return `${amount(lower - value, unit)} below what is usual at this time.`;
  return 'Within what is usual at this time.';
}

function counterfactual(gauge: GaugeView): string {
  if (gauge.lower === null || gauge.upper === null) return 'The usual range, once it is learnt.';
  const range = span(gauge.lower, gauge.upper, gauge.unit);
  return gauge.unusual
    ? `A value within ${range} would be usual. If this is how it should be, say "This is normal" on its anomaly below.`
    : `A value outside ${range} that stays there.`;
}

/** The evidence behind a gauge. */
export function GaugeWhy({
  host,
  gauge,
  hour,
  onClose,
}: {
  host: Pick<EntityView, 'id' | 'name'>;
  gauge: GaugeView;
  hour: { times: number[]; values: (number | null)[] };
  onClose: () => void;
}) {
  const search = useSearch();
  const anomalies = useApi('anomalies', { query: { entity: host.id, status: 'open', limit: 50 } });
  const ledger = useApi('ledger', { query: { entity: host.id } });
  const metric = gaugeMetric[gauge.name];
  const related = (anomalies.data?.items ?? []).filter(
    (a) => a.resource === gauge.name || (gauge.name === 'load' && a.resource === 'cpu') || a.detector === 'entity',
  );
  return (
    <Drawer
      open
      onClose={onClose}
      above={
        <p className="small muted">
          {gauge.label} of {host.name}
        </p>
      }
      title={`${amount(gauge.value, gauge.unit)}${gauge.unusual ? ', unusual' : ''}`}
    >
      <p>
        {verdict(gauge)} {gauge.detail !== '' && <span className="muted">({gauge.detail})</span>}
      </p>
      <div className={gauge.unusual ? 'card gauge unusual' : 'card'} hidden={hour.times.length < 2}>
        <Sparkline {...hour} lower={gauge.lower} upper={gauge.upper} label={`${gauge.label}, last hour`} />
        <p className="small muted">Last hour; shaded: what is usual now</p>
      </div>
      <dl className="facts">
        <div>
          <dt>Measured at</dt>
          <dd>
            <Time at={gauge.at} seconds />
          </dd>
        </div>
        <div>
          <dt>Usual now</dt>
          <dd>{gauge.lower === null ? 'learning' : span(gauge.lower, gauge.upper, gauge.unit)}</dd>
        </div>
        <div>
          <dt>Series</dt>
          <dd>
            <code>{metric}</code>
          </dd>
        </div>
      </dl>
      <section>
        <h3>What would change this</h3>
        <p>{counterfactual(gauge)}</p>
      </section>
      {related.length > 0 && (
        <section>
          <h3>What was found here</h3>
          <ul className="card flush rows">
            {related.map((a) => (
              <li key={a.id}>
                <FindingRow anomaly={a} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h3>How often the models of {host.name} were right</h3>
        <TrackRecordLines
          records={ledger.data?.items.filter((r) => r.model.includes('band') || r.type === 'forecast') ?? []}
        />
      </section>
      <p>
        <Link className="link" href={`/explore${withParams(rangeSearch(search), { host: host.id, metric })}`}>
          Open in Explore
        </Link>
      </p>
    </Drawer>
  );
}
