import { Link, useSearch } from 'wouter';
import type { AlertView } from '../../../src/api/contract/index.ts';
import { alertsSentence, bySeverity, toldWords } from '../alert-words.ts';
import { useApi } from '../api.ts';
import { amount } from '../format.ts';
import { SeverityMark } from '../parts/marks.tsx';
import { Prose } from '../parts/prose.tsx';
import { Nothing, PageSkeleton, ProblemNotice } from '../parts/states.tsx';
import { Lasting, Time } from '../parts/time.tsx';
import { rangeSearch } from '../range.ts';
import { Objectives } from './alerts-objectives.tsx';
import { Rules } from './alerts-rules.tsx';
import { Stale } from './incidents.tsx';

const sections = [
  ['now', 'Now'],
  ['objectives', 'Objectives'],
  ['rules', 'Rules'],
] as const;

/** What fires, is held or could fire, and why people were told or not; what services owe; the rules behind it. */
export function AlertsPage({ section }: { section: string }) {
  const search = useSearch();
  const lists = (['firing', 'held', 'pending', 'no-data'] as const).map((state) =>
    useApi('alerts', { query: { state, limit: 200 } }),
  );
  const objectives = useApi('objectives');
  const channels = useApi('channels');
  // Taken for granted until it is known: else nobody is said to be told for a moment.
  const hasChannels = channels.data === undefined || channels.data.items.length > 0;
  const answers = [...lists, objectives];
  const alerts = lists.flatMap((answer) => answer.data?.items ?? []);
  const known = answers.every((answer) => answer.data !== undefined);
  const broken = answers.find((answer) => answer.problem !== null);
  return (
    <div className="stack">
      <div className="lede">
        <h1>{known ? alertsSentence(alerts, objectives.data?.items ?? [], hasChannels) : 'Alerts'}</h1>
        <p className="small muted">
          An alert says that a condition holds. What belongs together is told of once, as an incident.
        </p>
        <Stale />
      </div>
      <div className="row">
        <nav className="segments" aria-label="Part of this page">
          {sections.map(([name, title]) => (
            <Link
              key={name}
              href={`/alerts${name === 'now' ? '' : `/${name}`}${rangeSearch(search)}`}
              aria-current={section === name ? 'page' : undefined}
            >
              {title}
            </Link>
          ))}
        </nav>
      </div>
      {broken !== undefined && broken.problem !== null && (
        <ProblemNotice problem={broken.problem} retry={broken.refetch} />
      )}
      {!known && broken === undefined && <PageSkeleton />}
      {known && section === 'now' && <Now alerts={alerts} hasChannels={hasChannels} />}
      {known && section === 'objectives' && <Objectives items={objectives.data?.items ?? []} />}
      {section === 'rules' && <Rules />}
    </div>
  );
}

const groups = [
  ['firing', 'Firing'],
  ['held', 'Held: the condition is gone, it waits to be sure'],
  ['no-data', 'No data: its values ceased to come, nobody knows how it stands'],
  ['pending', 'Pending: the condition holds, not long enough yet'],
] as const;

function Now({ alerts, hasChannels }: { alerts: readonly AlertView[]; hasChannels: boolean }) {
  if (alerts.length === 0)
    return (
      <div className="card flush">
        <Nothing title="No alert fires, is held or is pending.">
          What has ended stands with its incident. The rules that watch are under Rules.
        </Nothing>
      </div>
    );
  return groups.map(([state, title]) => {
    const items = alerts.filter((alert) => alert.state === state).toSorted(bySeverity);
    if (items.length === 0) return null;
    return (
      <section key={state} aria-labelledby={`alerts-${state}`}>
        <div className="head">
          <h2 id={`alerts-${state}`}>{title}</h2>
          <span className="small muted">{items.length}</span>
        </div>
        <ul className="card flush rows">
          {items.map((alert) => (
            <li key={alert.id}>
              <AlertLine alert={alert} hasChannels={hasChannels} />
            </li>
          ))}
        </ul>
      </section>
    );
  });
}

function AlertLine({ alert, hasChannels }: { alert: AlertView; hasChannels: boolean }) {
  const search = useSearch();
  return (
    <div className="line finding" data-severity={alert.state === 'firing' ? alert.severity : undefined}>
      <SeverityMark severity={alert.severity} />
      <span className="what">
        <span className="strong">{alert.summary}</span>
        <span className="below muted anywhere">
          {alert.entityName} · <code>{alert.rule}</code>
          {alert.subject !== '' && <> · {alert.subject}</>}
          {alert.value !== null && (
            <>
              {' '}
              · {amount(alert.value, alert.unit)}
              {alert.limit !== null && <>, limit {amount(alert.limit, alert.unit)}</>}
            </>
          )}
        </span>
        <span className="below muted anywhere">
          {toldWords(alert, hasChannels)} <Prose text={alert.action.replace(/\.?$/, alert.action === '' ? '' : '.')} />
        </span>
      </span>
      <span className="meta">
        <span className="part-of">
          <Time at={alert.startedAt} /> · <Lasting from={alert.startedAt} to={null} />
        </span>
        {alert.incidentId !== null && (
          <Link className="link" href={`/incidents/${encodeURIComponent(alert.incidentId)}${rangeSearch(search)}`}>
            Its incident
          </Link>
        )}
      </span>
    </div>
  );
}
