import { Link, useSearch } from 'wouter';
import type { AlertView, IncidentDetail } from '../../../src/api/contract/index.ts';
import { incidentClassWords } from '../../../src/api/contract/incident-words.ts';
import { useApi } from '../api.ts';
import { signText, stateWord } from '../incident-words.ts';
import { messageText } from '../notification-words.ts';
import { Icon } from '../parts/icons.tsx';
import { IncidentRow } from '../parts/incident-row.tsx';
import { SeverityMark, Share } from '../parts/marks.tsx';
import { Prose } from '../parts/prose.tsx';
import { SignTimeline } from '../parts/sign-timeline.tsx';
import { Loaded, PageSkeleton } from '../parts/states.tsx';
import { Lasting, Time } from '../parts/time.tsx';
import { rangeSearch, withParams } from '../range.ts';
import { Decide, FirstSteps } from './incident-actions.tsx';
import { BusinessImpact } from './incident-business.tsx';
import { Evidence, Gathered } from './incident-evidence.tsx';
import { Stale } from './incidents.tsx';

/** One incident: what it is and why, who may be behind it, its signs in time, what was decided, and a person’s word. */
export function IncidentPage({ id: encoded }: { id: string }) {
  const id = decodeURIComponent(encoded);
  const answer = useApi(
    'incident',
    { params: { id } },
    // What it costs grows while it is open, without anything that happens to it.
    { refetchInterval: ({ state: { data: one } }) => (one?.state === 'open' ? 60_000 : false) },
  );
  // Another one’s data stand in while this one’s are on their way: they are not shown.
  const data = answer.data?.id === id ? answer.data : undefined;
  return (
    <Loaded answer={{ ...answer, data }} skeleton={<PageSkeleton />}>
      {(incident) => <Content incident={incident} />}
    </Loaded>
  );
}

function Content({ incident }: { incident: IncidentDetail }) {
  const alerts = useApi('alerts', { query: { incident: incident.id, limit: 100 } });
  // Of another incident, until this one’s come.
  const own = (alerts.data?.items ?? []).filter((alert) => alert.incidentId === incident.id);
  return (
    <div className="stack incident">
      <Head incident={incident} />
      <div className="cols two">
        <div className="stack">
          <BusinessImpact business={incident.business} />
          <What incident={incident} alerts={own} />
          <Causes incident={incident} />
          <Evidence incident={incident} />
          <Signs incident={incident} />
          <Steps incident={incident} />
        </div>
        <div className="stack">
          <Decide incident={incident} />
          <Gathered incident={incident} />
          <Told incident={incident} alerts={own} />
          <Similar incident={incident} />
        </div>
      </div>
    </div>
  );
}

function Head({ incident }: { incident: IncidentDetail }) {
  const search = useSearch();
  const range = rangeSearch(search);
  const around = withParams('', { from: incident.startedAt, to: incident.resolvedAt ?? new Date().toISOString() });
  return (
    <div className="stack tight">
      <div className="lede">
        <Link className="back-link small muted" href={`/incidents${range}`}>
          <Icon name="back" /> All incidents
        </Link>
        <h1>{incident.title}</h1>
        <p className="row facts-line">
          <SeverityMark severity={incident.severity} />
          <span className="tag">{stateWord(incident)}</span>
          {!incident.title.startsWith(incidentClassWords[incident.class]) && (
            <span>{incident.class === 'unknown' ? 'of no known class' : incidentClassWords[incident.class]}</span>
          )}
          <span>
            since <Time at={incident.startedAt} seconds />,{' '}
            <Lasting from={incident.startedAt} to={incident.resolvedAt} />
          </span>
          <span>
            on{' '}
            {incident.entities.map((entity, i) => (
              <span key={entity.id}>
                {i > 0 && ', '}
                <Link className="link" href={`/hosts/${encodeURIComponent(entity.id)}${around}`}>
                  {entity.name}
                </Link>
              </span>
            ))}
          </span>
          <span>
            {incident.toldAt === null ? (
              'nobody was told'
            ) : (
              <>
                told <Time at={incident.toldAt} />
              </>
            )}
          </span>
          {incident.assignee !== null && (
            <span>
              {incident.assignee} {incident.state === 'open' ? 'has it' : 'had it'}
            </span>
          )}
        </p>
        <Stale />
      </div>
      {incident.mergedInto !== null && (
        <div className="notice">
          <Icon name="info" />
          <p>
            This became part of another incident.{' '}
            <Link className="link" href={`/incidents/${encodeURIComponent(incident.mergedInto)}${range}`}>
              Go to it
            </Link>
          </p>
        </div>
      )}
      <FirstSteps incident={incident} />
    </div>
  );
}

/** The last step of a kind: what was decided there holds. */
function last(incident: IncidentDetail, kind: string): IncidentDetail['steps'][number] | undefined {
  return incident.steps.filter((step) => step.kind === kind).at(-1);
}

function What({ incident, alerts }: { incident: IncidentDetail; alerts: readonly AlertView[] }) {
  const kind = last(incident, 'class');
  const severity = last(incident, 'severity');
  const actions = new Set(alerts.map(({ action }) => action).filter((action) => action !== ''));
  return (
    <section aria-labelledby="what">
      <h2 id="what">What it is, and why</h2>
      <div className="card stack tight">
        <p>
          {kind?.text ??
            'What kind of trouble it is, is not known: no figure around it changes as one of the known classes does.'}
          {incident.pinned.class && <span className="muted"> Set by {kind?.by ?? 'hand'}; Auspex leaves it so.</span>}
        </p>
        {severity !== undefined && (
          <p className="muted">
            Severity: {severity.text}
            {incident.pinned.severity && ` Set by ${severity.by ?? 'hand'}; Auspex leaves it so.`}
          </p>
        )}
        {actions.size > 0 && (
          <div>
            <h3>What you can do</h3>
            <ul className="bullets">
              {[...actions].map((action) => (
                <li key={action}>
                  <Prose text={action} />
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}

function Causes({ incident }: { incident: IncidentDetail }) {
  const search = useSearch();
  return (
    <section aria-labelledby="causes">
      <h2 id="causes">Likely behind it</h2>
      {incident.causes.length === 0 ? (
        <p className="muted">
          Nothing stands out: of the hosts and services around, no figure changed in a way that is known.
        </p>
      ) : (
        <>
          <ol className="card flush rows">
            {incident.causes.map((cause) => (
              <li key={cause.name} className="line cause">
                <Link
                  className="strong link-text"
                  data-row=""
                  href={`/hosts/${encodeURIComponent(cause.entityId)}${rangeSearch(search)}`}
                >
                  {cause.name}
                </Link>
                <span className="nowrap">
                  <Share value={cause.score} /> {cause.score.toFixed(2)}
                </span>
                <span className="small muted wide">
                  {cause.reasons.join(' ')}
                  {cause.counterfactual !== '' && <span className="below">{cause.counterfactual}</span>}
                </span>
              </li>
            ))}
          </ol>
          <p className="small muted below-card">
            The scores weigh the evidence against one another and sum to 1; they are no probabilities.
          </p>
        </>
      )}
    </section>
  );
}

const ROUND_MS = 5 * 60_000;

function Signs({ incident }: { incident: IncidentDetail }) {
  // In steps, so that what goes on is not asked for anew with every glance at it.
  const from = Math.floor(Date.parse(incident.startedAt) / ROUND_MS) * ROUND_MS;
  const end = incident.resolvedAt === null ? Date.now() : Date.parse(incident.resolvedAt);
  const to = Math.ceil((end + 1) / ROUND_MS) * ROUND_MS;
  const around = useApi('chart', {
    query: {
      entity: incident.entityId,
      metric: 'auspex_host_cpu_ratio',
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      points: 10,
    },
  });
  const events = (around.data?.marks ?? []).filter((mark) => Date.parse(mark.at) >= from && Date.parse(mark.at) <= end);
  return (
    <section aria-labelledby="signs">
      <div className="head">
        <h2 id="signs">Signs</h2>
        <span className="small muted">{incident.signs.length}</span>
      </div>
      <SignTimeline incident={incident} events={events} />
    </section>
  );
}

const stepWords: Readonly<Record<string, string>> = {
  opened: 'Opened',
  joined: 'A sign joined',
  merged: 'Merged',
  split: 'Split',
  class: 'Class',
  severity: 'Severity',
  cause: 'Likely cause',
  told: 'Told',
  acknowledged: 'Acknowledged',
  assigned: 'Assigned',
  judged: 'Judged',
  noted: 'Noted',
  resolved: 'Resolved',
  reopened: 'Came back',
  escalated: 'Told on',
};

function Steps({ incident }: { incident: IncidentDetail }) {
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">What was decided, and why</h2>
      <ol className="card steps">
        {incident.steps.map((step, i) => (
          // biome-ignore lint: steps are only ever added at the end.
          <li key={i} data-kind={step.kind}>
            <span className="small muted">
              <Time at={step.at} seconds />
            </span>
            <span>
              <strong>{stepWords[step.kind] ?? step.kind}</strong>{' '}
              <span className="small muted">by {step.by ?? 'Auspex'}</span>
              <span className="below">{step.text}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Of what people were told, and of what not and why. */
function Told({ incident, alerts }: { incident: IncidentDetail; alerts: readonly AlertView[] }) {
  const untold = alerts.filter(({ suppressedBy }) => suppressedBy !== null);
  const channels = useApi('channels', {}, { staleTime: 300_000 }).data?.items;
  return (
    <section aria-labelledby="told">
      <h2 id="told">Who was told</h2>
      <div className="card stack tight">
        <p>
          {incident.toldAt !== null ? (
            <>
              People were told at <Time at={incident.toldAt} seconds />, once for all of it.
            </>
          ) : incident.wouldBeToldAt !== null ? (
            <>
              Nobody was told: people would have been at <Time at={incident.wouldBeToldAt} seconds />, but no channel
              takes it.
            </>
          ) : incident.priority?.toldAs === 'nobody' ? (
            `Nobody was told. ${incident.priority.reason}`
          ) : alerts.length === 0 ? (
            'Nobody was told: no alert of it fired. Findings alone are shown, not sent.'
          ) : untold.length === alerts.length ? (
            'Nobody was told: each alert of it was held back.'
          ) : (
            'Nobody was told yet.'
          )}
        </p>
        {incident.messages.length > 0 && (
          <ul className="stack tight">
            {incident.messages.toReversed().map((message) => (
              <li key={message.id}>
                {message.receiver === null ? message.channel : `${message.receiver} by ${message.channel}`}
                {message.kind === 'resolved'
                  ? ', of its end'
                  : message.kind === 'escalated'
                    ? ', since nobody had taken it'
                    : ''}
                : {messageText(message, Date.now())}
              </li>
            ))}
          </ul>
        )}
        {incident.escalation !== null && (
          <p>
            If nobody takes it, step {incident.escalation.step} of the escalation “{incident.escalation.policy}” follows
            at <Time at={incident.escalation.dueAt} />.
          </p>
        )}
        {incident.priority !== null && (
          <p className="small muted">
            Priority {incident.priority.value} of 100. {incident.priority.reason} {incident.priority.counterfactual}
          </p>
        )}
        {channels?.length === 0 && (
          <p className="muted">No channel is set up: what people are told stands on this page and in the API only.</p>
        )}
        {untold.length > 0 && (
          <div>
            <h3>Not told of</h3>
            <ul className="stack tight">
              {untold.map((alert) => (
                <li key={alert.id}>
                  {signText(alert)}
                  <span className="below small muted">
                    Rule {alert.rule}. {alert.suppressedBy}
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}

/** Those before it that are like it: what they have in common, what people noted, how they ended. */
function Similar({ incident }: { incident: IncidentDetail }) {
  const { data, pending } = useApi('similarIncidents', { params: { id: incident.id } });
  const list = data?.items ?? [];
  return (
    <section aria-labelledby="similar">
      <h2 id="similar">Similar before</h2>
      {pending ? (
        <span className="skeleton" />
      ) : list.length === 0 ? (
        <p className="muted">None of this class, with these culprits or with such signs.</p>
      ) : (
        <ul className="card flush rows narrow-rows">
          {list.map(({ incident: one, why, notes, end }) => (
            <li key={one.id}>
              <IncidentRow incident={one} note={why} />
              {(notes.length > 0 || (end !== null && end !== '')) && (
                <ul className="bullets small said">
                  {notes.map(({ at, by, text }) => (
                    <li key={at}>
                      {text} <span className="muted">({by})</span>
                    </li>
                  ))}
                  {end !== null && end !== '' && <li className="muted">{end}</li>}
                </ul>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
