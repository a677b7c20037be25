import { useState } from 'react';
import { Link, useSearch } from 'wouter';
import type { ServiceView } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { SeverityMark } from '../parts/marks.tsx';
import { Loaded, Nothing, PageSkeleton } from '../parts/states.tsx';
import { rangeSearch } from '../range.ts';
import { calleesByService, severityOfScore, wordOfScore } from '../service-words.ts';
import { useWhyNot } from '../why-not.ts';
import '../services.css';
import { Stale } from './incidents.tsx';
import { DependencyDialog } from './services-dialogs.tsx';
import { ServicesMap } from './services-map.tsx';

/** What there is by the name that people call it, how it is, who calls whom. */
export function ServicesPage() {
  const answer = useApi('services');
  return (
    <Loaded answer={answer} skeleton={<PageSkeleton />}>
      {({ sentence, fleet, items }) => (
        <div className="stack">
          <div className="lede">
            <h1>{sentence}</h1>
            {fleet.score !== null && (
              <p className="small muted">
                Everything watched, hosts included, is at {fleet.score} of 100. {fleet.score < 80 && fleet.sentence}
              </p>
            )}
            <Stale />
          </div>
          {items.length === 0 ? <NoServices /> : <Services items={items} />}
        </div>
      )}
    </Loaded>
  );
}

function NoServices() {
  return (
    <div className="card flush">
      <Nothing title="None has been found yet.">
        Services are found by themselves: by the job under which they are scraped, their OpenTelemetry name, and the
        programs that listen on hosts and call one another. The first stand here about a minute after the first samples.
      </Nothing>
    </div>
  );
}

function Services({ items }: { items: readonly ServiceView[] }) {
  const graph = useApi('serviceGraph');
  const [text, setText] = useState('');
  const [adding, setAdding] = useState(false);
  const off = useWhyNot();
  const wanted = text.trim().toLowerCase();
  const shown = items.filter(({ name, sentence }) => `${name} ${sentence}`.toLowerCase().includes(wanted));
  const callees = graph.data === undefined ? null : calleesByService(graph.data);
  return (
    <>
      {graph.data !== undefined && graph.data.dependencies.length > 0 && (
        <section className="who-calls-whom" aria-labelledby="who-calls-whom">
          <div className="head">
            <h2 id="who-calls-whom">Who calls whom</h2>
          </div>
          <ServicesMap graph={graph.data} />
        </section>
      )}
      <section className="stack close" aria-labelledby="all-services">
        <div className="head">
          <h2 id="all-services">Services</h2>
          <span className="small muted">
            {shown.length === items.length ? items.length : `${shown.length} of ${items.length}`}
          </span>
        </div>
        <div className="row">
          <input
            className="input"
            type="search"
            aria-label="Find a service"
            placeholder="Find a service"
            value={text}
            onChange={(e) => setText(e.target.value)}
          />
          <button
            type="button"
            className="button"
            disabled={off !== null || items.length < 2}
            title={off ?? undefined}
            onClick={() => setAdding(true)}
          >
            Add a call …
          </button>
        </div>
        <ul className="card flush rows">
          {shown.slice(0, 500).map((service) => (
            <li key={service.id}>
              <Row service={service} callees={callees?.get(service.id) ?? []} />
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p className="muted">No service fits “{text}”.</p>}
        {shown.length > 500 && <p className="small muted">The first 500 are shown; find others by name.</p>}
      </section>
      {adding && <DependencyDialog services={items} onClose={() => setAdding(false)} />}
    </>
  );
}

function Row({ service, callees }: { service: ServiceView; callees: readonly string[] }) {
  const search = useSearch();
  const { name, score, sentence, instances, openIncidents } = service;
  const severity = severityOfScore(score);
  return (
    <Link
      className="line service-row"
      data-severity={severity}
      href={`/services/${encodeURIComponent(service.id)}${rangeSearch(search)}`}
    >
      <SeverityMark severity={severity}>{wordOfScore(score)}</SeverityMark>
      <span className="what">
        <span className="strong">{name}</span>{' '}
        {openIncidents > 0 && (
          <span className="tag">
            {openIncidents} open {openIncidents === 1 ? 'incident' : 'incidents'}
          </span>
        )}
        <span className="below muted">
          {severity === 'none' && score !== null ? '' : `${sentence} `}
          {instances > 0 && `${instances} ${instances === 1 ? 'part' : 'parts'}. `}
          {callees.length > 0 && `Calls ${listOf(callees)}.`}
          {service.calledBy > 0 && ` Called by ${service.calledBy}.`}
        </span>
      </span>
      <span className="score-of">{score ?? '–'}</span>
    </Link>
  );
}

function listOf(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
