import { type ReactNode, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import type { ServiceDetail } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { capital } from '../format.ts';
import { IncidentRow } from '../parts/incident-row.tsx';
import { Icon } from '../parts/icons.tsx';
import { SeverityMark } from '../parts/marks.tsx';
import { RangeChart } from '../parts/range-chart.tsx';
import { Loaded, PageSkeleton } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { rangeSearch } from '../range.ts';
import { keyText, originText, severityOfScore, wordOfScore } from '../service-words.ts';
import { useWhyNot } from '../why-not.ts';
import '../services.css';
import { Stale } from './incidents.tsx';
import {
  BusinessDialog,
  DependencyDialog,
  MergeServicesDialog,
  RemoveCallDialog,
  RemoveServiceDialog,
  RenameDialog,
  SplitServiceDialog,
} from './services-dialogs.tsx';

/** One service: how it is and what drags it down, what it is made of, who calls it and whom it calls. */
export function ServicePage({ id: encoded }: { id: string }) {
  const id = decodeURIComponent(encoded);
  const answer = useApi('service', { params: { id } });
  // Another one’s data stand in while this one’s are on their way: they are not shown.
  const data = answer.data?.id === id || answer.data?.name === id ? answer.data : undefined;
  return (
    <Loaded answer={{ ...answer, data }} skeleton={<PageSkeleton />}>
      {(service) => <Content service={service} />}
    </Loaded>
  );
}

function Content({ service }: { service: ServiceDetail }) {
  const search = rangeSearch(useSearch());
  const { name, score, sentence, incidents } = service;
  return (
    <div className="stack">
      <div className="lede">
        <Link className="back-link small muted" href={`/services${search}`}>
          <Icon name="back" /> All services
        </Link>
        <h1>
          {score === null
            ? `Nothing of ${name} is seen at present.`
            : score >= 80
              ? `${name} is well.`
              : `${name}: ${sentence}`}
        </h1>
        <p className="row facts-line">
          <SeverityMark severity={severityOfScore(score)}>{wordOfScore(score)}</SeverityMark>
          {score !== null && <span>health {score} of 100</span>}
          <span>
            seen since <Time at={service.firstSeenAt} />, last <Time at={service.lastSeenAt} seconds />
          </span>
          {service.isRegistered && <span>registered itself</span>}
        </p>
        <Stale />
      </div>
      <div className="cols two">
        <div className="stack">
          {incidents.length > 0 && (
            <Section title="Open incidents">
              <ul className="card flush rows">
                {incidents.map((incident) => (
                  <li key={incident.id}>
                    <IncidentRow incident={incident} />
                  </li>
                ))}
              </ul>
            </Section>
          )}
          <Dimensions service={service} />
          <HealthChart service={service} />
          <Members service={service} />
        </div>
        <div className="stack">
          <Calls service={service} />
          <Said service={service} />
          <Correct service={service} />
        </div>
      </div>
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return (
    <section aria-labelledby={id}>
      <div className="head">
        <h2 id={id}>{title}</h2>
      </div>
      {children}
    </section>
  );
}

function Dimensions({ service: { dimensions, missing } }: { service: ServiceDetail }) {
  const sorted = dimensions.toSorted((a, b) => a.score - b.score);
  return (
    <Section title="What its health is made of">
      <div className="card flush">
        {sorted.length > 0 && (
          <ul className="rows">
            {sorted.map(({ name, score, weight, reason }) => (
              <li key={name} className="dimension">
                <span>{capital(name)}</span>
                <span className="n strong">{Math.round(score)}</span>
                <span>
                  {capital(reason)} <span className="muted small">weight {weight}</span>
                </span>
              </li>
            ))}
          </ul>
        )}
        {missing.length > 0 && (
          <div className="dimension-missing small muted">
            <p>Left out, so that the others count for more:</p>
            <ul className="bullets">
              {missing.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Section>
  );
}

function HealthChart({ service }: { service: ServiceDetail }) {
  const series = useApi('series', { query: { match: service.healthSeries } });
  const ref = series.data?.items[0]?.ref;
  if (ref === undefined) return null;
  return (
    <div className="card">
      <RangeChart title="Health" query={{ ref: String(ref) }} />
    </div>
  );
}

function Members({ service: { members, keys } }: { service: ServiceDetail }) {
  const search = rangeSearch(useSearch());
  return (
    <Section title="What it is made of">
      {members.length === 0 ? (
        <p className="card muted">Nothing of it is seen at present.</p>
      ) : (
        <ul className="card flush rows">
          {members.map(({ entityId, name, part, endpoint }) => (
            <li key={`${entityId} ${part} ${endpoint}`} className="neighbour">
              <Link className="link" href={`/hosts/${encodeURIComponent(entityId)}${search}`}>
                {name}
              </Link>
              <span className="muted">
                {part}
                {endpoint !== null && ` at ${endpoint}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      <p className="small muted">Found as {keys.length === 0 ? 'nothing yet' : keys.map(keyText).join(', ')}.</p>
    </Section>
  );
}

type Neighbour = ServiceDetail['callees'][number];

function Calls({ service }: { service: ServiceDetail }) {
  const [removing, setRemoving] = useState<{ from: Neighbour; to: Neighbour } | null>(null);
  const [adding, setAdding] = useState(false);
  const off = useWhyNot();
  const all = useApi('services').data?.items ?? [];
  const self: Neighbour = { ...service, origins: [] };
  const list = (neighbours: readonly Neighbour[], callOf: (one: Neighbour) => { from: Neighbour; to: Neighbour }) =>
    neighbours.length === 0 ? (
      <p className="card muted">Nobody that is known.</p>
    ) : (
      <ul className="card flush rows">
        {neighbours.map((one) => (
          <li key={one.id} className="neighbour">
            <NeighbourLink one={one} />
            <button
              type="button"
              className="button quiet"
              disabled={off !== null}
              aria-label={`Remove the call ${callOf(one).from.name} to ${callOf(one).to.name}`}
              onClick={() => setRemoving(callOf(one))}
            >
              Remove …
            </button>
          </li>
        ))}
      </ul>
    );
  return (
    <>
      <Section title="It calls">{list(service.callees, (one) => ({ from: self, to: one }))}</Section>
      <Section title="It is called by">{list(service.callers, (one) => ({ from: one, to: self }))}</Section>
      <div>
        <button
          type="button"
          className="button"
          disabled={off !== null || all.length < 2}
          onClick={() => setAdding(true)}
        >
          Add a call …
        </button>
      </div>
      {off !== null && <p className="small">{off}</p>}
      {removing !== null && <RemoveCallDialog {...removing} onClose={() => setRemoving(null)} />}
      {adding && <DependencyDialog services={all} from={service.id} onClose={() => setAdding(false)} />}
    </>
  );
}

function NeighbourLink({ one }: { one: Neighbour }) {
  const search = rangeSearch(useSearch());
  return (
    <span>
      <SeverityMark severity={severityOfScore(one.score)}>
        <Link className="link" href={`/services/${encodeURIComponent(one.id)}${search}`}>
          {one.name}
        </Link>
      </SeverityMark>
      <span className="below small muted">
        {one.score === null ? 'health not known' : `health ${one.score}`}; {originText(one.origins)}
        {one.lastSeenAt !== null && (
          <>
            , last <Time at={one.lastSeenAt} />
          </>
        )}
      </span>
    </span>
  );
}

function Said({ service: { check, start, stop, scale } }: { service: ServiceDetail }) {
  const ways = [
    ['Start', start],
    ['Stop', stop],
    ['Scale', scale],
  ] as const;
  if (check === null && ways.every(([, text]) => text === null)) return null;
  return (
    <Section title="What it says of itself">
      <dl className="card pairs">
        {check !== null && (
          <>
            <dt>Health</dt>
            <dd>
              {check.kind === 'callback' ? 'its program is asked' : <span className="anywhere">{check.target}</span>}{' '}
              every {check.intervalSeconds} s
            </dd>
          </>
        )}
        {ways.map(([title, text]) =>
          text === null ? null : (
            <div key={title} className="contents">
              <dt>{title}</dt>
              <dd>
                <code className="anywhere">{text}</code>
              </dd>
            </div>
          ),
        )}
      </dl>
    </Section>
  );
}

type Asked = 'rename' | 'merge' | 'split' | 'business' | 'remove';

function Correct({ service }: { service: ServiceDetail }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [, navigate] = useLocation();
  const search = rangeSearch(useSearch());
  const off = useWhyNot();
  const others = (useApi('services').data?.items ?? [])
    .filter(({ id }) => id !== service.id)
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const close = () => setAsked(null);
  const asks = (what: Asked, text: string, effect: string, lack: string | null = null) => (
    <div className={what === 'remove' ? 'judge apart-above' : 'judge'}>
      <button type="button" className="button" disabled={off !== null || lack !== null} onClick={() => setAsked(what)}>
        {text}
      </button>
      <span className="muted">{lack ?? effect}</span>
    </div>
  );
  return (
    <section className="card stack tight" aria-labelledby="correct">
      <h2 id="correct">Correct it</h2>
      {off !== null && <p className="small">{off}</p>}
      {asks('rename', 'Rename …', 'What people call it.')}
      {asks(
        'merge',
        'Merge …',
        'It and another are one service.',
        others.length === 0 ? 'There is no other service.' : null,
      )}
      {asks(
        'split',
        'Split …',
        'Some of it is another service.',
        service.keys.length < 2 ? 'It was found as one thing only.' : null,
      )}
      {asks('business', 'Business …', 'Which of its figures tell how the business goes.')}
      {asks('remove', 'Remove …', 'Take it away until it is seen again.')}
      {asked === 'remove' && (
        <RemoveServiceDialog service={service} onClose={close} onDone={() => navigate(`/services${search}`)} />
      )}
      {asked === 'rename' && <RenameDialog service={service} onClose={close} />}
      {asked === 'split' && <SplitServiceDialog service={service} onClose={close} />}
      {asked === 'business' && <BusinessDialog service={service} onClose={close} />}
      {asked === 'merge' && (
        <MergeServicesDialog
          service={service}
          others={others}
          onClose={close}
          onDone={(into) => navigate(`/services/${encodeURIComponent(into)}${search}`)}
        />
      )}
    </section>
  );
}
