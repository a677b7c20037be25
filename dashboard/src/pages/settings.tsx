import { useMutation } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link } from 'wouter';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { apiUrl, call, ProblemError, queries, useApi } from '../api.ts';
import { amount, count } from '../format.ts';
import { PartStateMark, SeverityMark } from '../parts/marks.tsx';
import { Prose } from '../parts/prose.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { chooseTheme, useThemeChoice } from '../theme.ts';
import { Silences } from './settings-silences.tsx';

const sections = [
  ['configuration', 'Configuration', Configuration],
  ['rules', 'Alert rules', Rules],
  ['silences', 'Silences', Silences],
  ['agents', 'Agents', Agents],
  ['targets', 'Scrape targets', Targets],
  ['cardinality', 'Cardinality', Cardinality],
  ['export', 'Export', Export],
  ['appearance', 'Appearance and session', Appearance],
] as const;

export function SettingsPage({ section }: { section: string }) {
  const [, title, Section] = sections.find(([name]) => name === section) ?? sections[0];
  return (
    <div className="stack">
      <div className="lede">
        <h1>Settings: {title.toLowerCase()}</h1>
      </div>
      <div className="settings">
        <nav className="sections" aria-label="Settings">
          {sections.map(([name, text]) => (
            <Link key={name} href={`/settings/${name}`} aria-current={name === section ? 'page' : undefined}>
              {text}
            </Link>
          ))}
        </nav>
        <div className="stack">
          <Section />
        </div>
      </div>
    </div>
  );
}

type Setting = OperationOutput<'settings'>['items'][number];

function grouped(items: readonly Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const item of items) {
    const name = item.key.split('.')[0] ?? item.key;
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return [...groups];
}

function Configuration() {
  const settings = useApi('settings');
  const reload = useMutation({
    mutationFn: () => call('reloadSettings'),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['settings'] }),
  });
  return (
    <>
      <p className="muted">
        What is in force and where each value comes from. Change it in the configuration file, by environment or flags,
        then read it again.
      </p>
      <div className="row">
        <button type="button" className="button" disabled={reload.isPending} onClick={() => reload.mutate()}>
          Read the file again
        </button>
        {reload.data !== undefined && (
          <span role="status">
            {reload.data.changed.length === 0 ? 'Nothing changed.' : `Changed: ${reload.data.changed.join(', ')}.`}
            {reload.data.needRestart.length > 0 && ` After a restart: ${reload.data.needRestart.join(', ')}.`}
          </span>
        )}
      </div>
      {reload.error !== null && <ProblemNotice problem={ProblemError.from(reload.error).problem} />}
      <Loaded answer={settings}>
        {({ items }) => (
          <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="Configuration">
            <table className="cards">
              <thead>
                <tr>
                  <th>Key</th>
                  <th>Value</th>
                  <th>From</th>
                </tr>
              </thead>
              <tbody>
                {grouped(items).map(([group, list]) => (
                  <Fragment key={group}>
                    {list.map((s) => (
                      <tr key={s.key}>
                        <td>
                          <code>{s.key}</code>
                          <span className="below">{s.description}</span>
                        </td>
                        <td>
                          <code>{typeof s.value === 'string' ? s.value : JSON.stringify(s.value)}</code>
                        </td>
                        <td className="nowrap">
                          {s.source === 'default' ? (
                            <span className="muted">default</span>
                          ) : (
                            <strong>{s.source}</strong>
                          )}
                          {!s.reloadable && <span className="below">needs a restart</span>}
                        </td>
                      </tr>
                    ))}
                  </Fragment>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </>
  );
}

function Rules() {
  const rules = useApi('alertRules');
  return (
    <Loaded answer={rules}>
      {({ items }) => (
        <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="Alert rules">
          <table className="cards">
            <thead>
              <tr>
                <th>Rule</th>
                <th>Condition</th>
                <th>Severity</th>
                <th>From</th>
              </tr>
            </thead>
            <tbody>
              {items.map((r) => (
                <tr key={r.name}>
                  <td>
                    <strong>{r.name}</strong>
                    <span className="below">{r.summary}</span>
                  </td>
                  <td>
                    <Prose text={r.condition} />
                    <span className="below">
                      {r.forSeconds > 0 && !r.condition.includes(' for ') && `for ${amount(r.forSeconds, 'seconds')}. `}
                      <Prose text={r.action} />
                    </span>
                  </td>
                  <td>{r.enabled ? <SeverityMark severity={r.severity} /> : <span className="muted">off</span>}</td>
                  <td className="muted">{r.source === 'starter' ? 'starter set' : 'configuration'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Loaded>
  );
}

function Agents() {
  const agents = useApi('agents');
  return (
    <>
      <p className="muted">
        Another host reports here by <code>auspex agent --to {document.baseURI} --token TOKEN</code>, with a token of
        scope ingest.
      </p>
      <Loaded answer={agents}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="card flush">
              <Nothing title="No agents">Only this machine is watched.</Nothing>
            </div>
          ) : (
            <ul className="card flush rows">
              {items.map((a) => (
                <li key={a.id} className="line channel">
                  <div>
                    <Link className="strong" data-row="" href={`/hosts/${encodeURIComponent(a.entityId)}`}>
                      {a.name}
                    </Link>{' '}
                    <span className="muted">version {a.version}</span>
                    <p className="small muted">
                      enrolled <Time at={a.enrolledAt} />, last seen <Time at={a.lastSeenAt} seconds />
                    </p>
                  </div>
                  <SeverityMark severity={a.state === 'reporting' ? 'none' : 'high'}>{a.state}</SeverityMark>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}

function Targets() {
  const targets = useApi('targets');
  return (
    <Loaded answer={targets}>
      {({ items }) =>
        items.length === 0 ? (
          <div className="card flush">
            <Nothing title="No scrape targets">
              Add Prometheus targets under <code>scrape</code> in the configuration file.
            </Nothing>
          </div>
        ) : (
          <ul className="card flush rows">
            {items.map((t) => (
              <li key={`${t.job}/${t.url}`} className="line channel">
                <div>
                  <strong>{t.job}</strong> <code>{t.url}</code>
                  <p className="small muted">
                    {count(t.samples)} samples in {t.lastDurationMs === null ? '–' : amount(t.lastDurationMs, 'ms')},
                    last <Time at={t.lastScrapeAt} seconds />
                  </p>
                  {t.error !== null && <p>{t.error}</p>}
                </div>
                <PartStateMark state={t.up ? 'ok' : 'failed'} />
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Cardinality() {
  const cardinality = useApi('cardinality');
  return (
    <Loaded answer={cardinality}>
      {(c) => (
        <>
          <p>
            <strong>{count(c.seriesCount)}</strong> of at most {count(c.limit)} series.{' '}
            {c.refusedSamples === 0
              ? 'No sample was refused for it.'
              : `${count(c.refusedSamples)} samples were refused for it: find what makes so many below and drop it, or raise limits.series.`}
          </p>
          <div className="chart-grid">
            <Top
              title="By metric"
              items={c.byMetric.map((m) => [m.name, m.seriesCount])}
              total={c.seriesCount}
              of="series"
            />
            <Top
              title="By label"
              items={c.byLabel.map((l) => [l.name, l.valueCount])}
              total={Math.max(1, ...c.byLabel.map((l) => l.valueCount))}
              of="values"
            />
            <Top
              title="By host"
              items={c.byEntity.map((e) => [e.name, e.seriesCount])}
              total={c.seriesCount}
              of="series"
            />
          </div>
        </>
      )}
    </Loaded>
  );
}

function Top({
  title,
  items,
  total,
  of,
}: {
  title: string;
  items: readonly (readonly [string, number])[];
  total: number;
  of: string;
}) {
  return (
    <section className="card flush">
      <table>
        <thead>
          <tr>
            <th>{title}</th>
            <th className="n">{of}</th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, 20).map(([name, n]) => (
            <tr key={name}>
              <td>
                <code>{name}</code>
                <svg className="bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={Math.max(0.5, (100 * n) / Math.max(1, total))} height="3" />
                </svg>
              </td>
              <td className="n">{count(n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const tables = [
  'anomalies',
  'alerts',
  'predictions',
  'execution_logs',
  'model_metadata',
  'system_metrics',
  'patterns',
] as const;

function Export() {
  return (
    <>
      <p className="muted">Everything that is stored is yours to take along. Samples of one metric: in Explore.</p>
      <ul className="card flush rows">
        {tables.map((table) => (
          <li key={table} className="line channel">
            <code>{table}</code>
            <span className="row">
              {(['csv', 'json'] as const).map((format) => (
                <a
                  key={format}
                  className="link"
                  download
                  href={apiUrl(`/api/export/records/${table}`, { format }).href}
                  aria-label={`${table} as ${format.toUpperCase()}`}
                >
                  {format.toUpperCase()}
                </a>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Appearance() {
  const choice = useThemeChoice();
  const session = useApi('session');
  const signOut = useMutation({ mutationFn: () => call('signOut'), onSuccess: () => location.reload() });
  return (
    <>
      <section className="card stack tight">
        <h2>Theme</h2>
        <div>
          <div className="segments" role="group" aria-label="Theme">
            {(['system', 'light', 'dark'] as const).map((value) => (
              <button key={value} type="button" aria-pressed={choice === value} onClick={() => chooseTheme(value)}>
                {value === 'system' ? 'As the system' : value === 'light' ? 'Light' : 'Dark'}
              </button>
            ))}
          </div>
        </div>
        <p className="small muted">Kept in this browser. Motion follows the system’s setting.</p>
      </section>
      <section className="card stack tight">
        <h2>Session</h2>
        {session.data !== undefined && (
          <p>
            Signed in as <strong>{session.data.userId}</strong> with scope <strong>{session.data.scope}</strong>
            {session.data.expiresAt !== null && (
              <>
                {' '}
                until <Time at={session.data.expiresAt} />
              </>
            )}
            .
          </p>
        )}
        <div>
          <button type="button" className="button" onClick={() => signOut.mutate()}>
            Sign out
          </button>
        </div>
      </section>
    </>
  );
}
