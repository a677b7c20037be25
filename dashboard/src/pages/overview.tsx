import { useState } from 'react';
import { Link, useSearch } from 'wouter';
import type { AlertView, Overview as OverviewData, OutlookView } from '../../../src/api/contract/index.ts';
import { openIncidents, useApi } from '../api.ts';
import { afterName, amount, count, percent, withName } from '../format.ts';
import { inReadingOrder } from '../incident-words.ts';
import { FindingRow } from '../parts/finding-row.tsx';
import { Gauge } from '../parts/gauge.tsx';
import { HostTable } from '../parts/host-table.tsx';
import { Icon } from '../parts/icons.tsx';
import { IncidentRow } from '../parts/incident-row.tsx';
import { ConfidenceText, EntityStateMark, saysMore, SeverityMark } from '../parts/marks.tsx';
import { Prose } from '../parts/prose.tsx';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { Learning, Loaded, Nothing, PageSkeleton } from '../parts/states.tsx';
import { Lasting, Time } from '../parts/time.tsx';
import { rangeSearch, withParams } from '../range.ts';

/** The glance: one sentence, then what needs a person (open incidents first), the hosts, what comes next, and how often it was right. */
export function Overview() {
  const overview = useApi('overview');
  return (
    <Loaded answer={overview} skeleton={<PageSkeleton />}>
      {(data) => <OverviewContent data={data} />}
    </Loaded>
  );
}

const fewHosts = 4;

function OverviewContent({ data }: { data: OverviewData }) {
  // The worst comes first; what else there is stands below it, in smaller print.
  const [, first, rest] = /^(.+?[.!?])(?: (?=[^a-z]|\S+:)|$)(.*)$/s.exec(data.sentence) ?? ['', data.sentence, ''];
  return (
    <div className="stack">
      <div className="lede">
        <h1>{first}</h1>
        {rest !== '' && <p>{rest}</p>}
        <p className="small muted">
          as of <Time at={latest(data)} seconds />
        </p>
      </div>
      {data.status !== 'ok' && (
        <div className="notice high">
          <Icon name="warn" />
          <p>
            Auspex itself is {data.status}.{' '}
            <Link className="link" href="/status">
              See which part, since when, and what to do
            </Link>
          </p>
        </div>
      )}
      {data.learning !== null && !/learn/i.test(data.sentence) && <Learning text={data.learning} />}
      {data.hosts.length > 1 ? (
        <>
          <div className="cols answer">
            <NeedsYou data={data} />
            <Next items={data.outlook} learning={data.learning !== null} />
          </div>
          <Hosts data={data} />
          <Right data={data} />
        </>
      ) : (
        <>
          <NeedsYou data={data} />
          <div className="cols two">
            <Hosts data={data} />
            <div className="stack">
              <Next items={data.outlook} learning={data.learning !== null} />
              <Right data={data} />
            </div>
          </div>
        </>
      )}
    </div>
  );
}

/** The newest moment that anything on the page is from. */
function latest(data: OverviewData): string {
  return data.hosts.reduce((at, host) => (host.lastSeenAt > at ? host.lastSeenAt : at), data.at);
}

function NeedsYou({ data }: { data: OverviewData }) {
  const search = useSearch();
  const asked = useApi('incidents', openIncidents);
  const incidents = inReadingOrder(asked.data?.items ?? []);
  const alerting = new Set(data.alerts.map((a) => a.findingId));
  const homed = new Set(incidents.map(({ id }) => id));
  const alone = data.alerts.filter((a) => a.incidentId === null || !homed.has(a.incidentId));
  const anomalies = data.anomalies.filter((a) => !alerting.has(a.id));
  const shown = anomalies.slice(0, 8);
  return (
    <section aria-labelledby="needs">
      <div className="head">
        <h2 id="needs">Needs you</h2>
        {anomalies.length > shown.length && (
          <Link className="link" href={`/anomalies${rangeSearch(search)}`}>
            All {anomalies.length} anomalies
          </Link>
        )}
      </div>
      {asked.pending ? (
        <span className="skeleton block" />
      ) : incidents.length + data.alerts.length + anomalies.length === 0 ? (
        <p className="quiet-line">
          <SeverityMark severity="none">{''}</SeverityMark> Nothing needs you now.
        </p>
      ) : (
        <ul className="card flush rows">
          {incidents.map((incident) => (
            <li key={incident.id}>
              <IncidentRow incident={incident} />
              {/* Those held back say nothing that their incident does not. */}
              {data.alerts
                .filter((a) => a.incidentId === incident.id && a.suppressedBy === null)
                .map((alert) => (
                  <AlertRow key={alert.id} alert={alert} isPart />
                ))}
            </li>
          ))}
          {alone.map((alert) => (
            <li key={alert.id}>
              <AlertRow alert={alert} />
            </li>
          ))}
          {shown.map((anomaly) => (
            <li key={anomaly.id}>
              <FindingRow anomaly={anomaly} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** An alert: what, since when, what to do; its evidence is the finding behind it. */
function AlertRow({ alert, isPart = false }: { alert: AlertView; isPart?: boolean }) {
  const search = useSearch();
  const [silencing, setSilencing] = useState(false);
  const range = rangeSearch(search);
  const href =
    alert.findingId === null
      ? `/hosts/${encodeURIComponent(alert.entityId)}${range}`
      : `/anomalies/${encodeURIComponent(alert.findingId)}${range}`;
  return (
    <div className={isPart ? 'line finding of-incident' : 'line finding'} data-severity={alert.severity}>
      {isPart ? <span className="small muted">its alert</span> : <SeverityMark severity={alert.severity} />}
      <div className="what">
        <Link className="strong" data-row="" href={href}>
          {withName(alert.entityName, alert.summary)}
        </Link>
        <p className="muted">
          <Prose text={alert.action} />
          {alert.suppressedBy !== null && ` Nobody is told: ${alert.suppressedBy}.`}
          {alert.state === 'held' && ' The condition is gone; held until that is sure.'}
          {alert.state === 'no-data' && ' Nobody knows how it stands: its values ceased to come.'}
        </p>
      </div>
      <div className="meta">
        <div>
          <Time at={alert.startedAt} /> · <Lasting from={alert.startedAt} to={alert.resolvedAt} />
        </div>
        {alert.value !== null && (
          <div>
            {amount(alert.value, alert.unit)}
            {alert.limit !== null && ` (limit ${amount(alert.limit, alert.unit)})`}
          </div>
        )}
        {alert.suppressedBy === null && (
          <button type="button" className="link" onClick={() => setSilencing(true)}>
            Silence …
          </button>
        )}
        {silencing && (
          <SilenceDialog
            target={{ entityId: alert.entityId, entityName: alert.entityName, subject: null, rule: alert.rule }}
            onClose={() => setSilencing(false)}
          />
        )}
      </div>
    </div>
  );
}

function Hosts({ data }: { data: OverviewData }) {
  const search = useSearch();
  const total = data.hosts.length;
  if (total === 0) {
    return (
      <section className="card flush">
        <Nothing title="No host reports yet">
          The first samples of this machine come within seconds of the start. Other hosts report by{' '}
          <code>auspex agent --to {document.baseURI} --token TOKEN</code>.
        </Nothing>
      </section>
    );
  }
  return (
    <section aria-labelledby="hosts">
      <div className="head">
        <h2 id="hosts">{total === 1 ? 'This host' : `${total} hosts`}</h2>
        {data.othersCount > 0 && (
          <span className="small muted">
            and {data.othersCount} {data.othersCount === 1 ? 'service or target' : 'services and targets'}
          </span>
        )}
      </div>
      {total <= fewHosts ? (
        <div className="stack close">
          {data.hosts.map((host) => (
            <article key={host.id} className="card flush">
              <div className="host-head">
                <h3>
                  <Link data-row="" href={`/hosts/${encodeURIComponent(host.id)}${rangeSearch(search)}`}>
                    {host.name}
                  </Link>
                </h3>
                <span className="sentence">{saysMore(host) && total > 1 && afterName(host.name, host.sentence)}</span>
                <EntityStateMark entity={host} />
                {host.state === 'stale' && (
                  <span className="muted">
                    last sample <Time at={host.lastSeenAt} relative />
                  </span>
                )}
              </div>
              <div
                className={total > 1 ? 'gauges compact' : 'gauges'}
                data-row-of={Math.ceil(host.gauges.length / (total > 1 ? 1 : 2))}
              >
                {host.gauges.map((gauge) => (
                  <Gauge
                    key={gauge.name}
                    host={host}
                    gauge={gauge}
                    found={data.anomalies.filter((a) => a.entityId === host.id)}
                    compact={total > 1}
                  />
                ))}
              </div>
            </article>
          ))}
        </div>
      ) : (
        <HostTable hosts={data.hosts} anomalies={data.anomalies} />
      )}
    </section>
  );
}

function Next({ items, learning }: { items: readonly OutlookView[]; learning: boolean }) {
  const search = useSearch();
  return (
    <section aria-labelledby="next">
      <div className="head">
        <h2 id="next">What comes next</h2>
        <Link className="link" href={`/forecasts${rangeSearch(search)}`}>
          Forecasts
        </Link>
      </div>
      {items.length === 0 ? (
        <p className="muted">
          {learning ? 'Nothing can be foreseen before enough is learnt.' : 'Nothing is foreseen to run out or fail.'}
        </p>
      ) : (
        <ul className="card flush rows">
          {items.slice(0, 6).map((item) => (
            <li key={`${item.entityId}/${item.component}`}>
              <Link
                className="line"
                data-row=""
                href={`/forecasts${withParams(rangeSearch(search), { host: item.entityId, component: item.component, horizon: '30d' })}`}
              >
                <span>
                  {item.severity !== 'none' && <SeverityMark severity={item.severity} />} {item.sentence}
                </span>
                <span className="small muted">
                  {item.dueAt !== null && (
                    <>
                      <Time at={item.dueAt} relative />,{' '}
                    </>
                  )}
                  confidence <ConfidenceText confidence={item.confidence} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Right({ data: { trackRecord } }: { data: OverviewData }) {
  const search = useSearch();
  const { scored, held, pagesThisWeek, needlessPagesThisWeek } = trackRecord;
  return (
    <section aria-labelledby="right">
      <div className="head">
        <h2 id="right">How often it was right</h2>
        <Link className="link" href={`/models${rangeSearch(search)}`}>
          Ledger
        </Link>
      </div>
      <div className="card stack tight">
        <p>{trackRecord.sentence}</p>
        <dl className="facts">
          <div>
            <dt>Predictions that held</dt>
            <dd>
              {scored === 0 ? (
                'none fell due yet'
              ) : (
                <>
                  <strong>{percent(held / scored)}</strong>{' '}
                  <span className="muted">
                    {count(held)} of {count(scored)}
                  </span>
                </>
              )}
            </dd>
          </div>
          <div>
            <dt>Pages this week</dt>
            <dd>
              <strong>{pagesThisWeek}</strong> <span className="muted">{needlessPagesThisWeek} needless</span>
            </dd>
          </div>
        </dl>
      </div>
    </section>
  );
}
