import { useState } from 'react';
import { Link, useSearch } from 'wouter';
import type { Anomaly, Overview } from '../../../src/api/contract/index.ts';
import { afterName } from '../format.ts';
import { rangeSearch } from '../range.ts';
import { MiniGauge } from './gauge.tsx';
import { EntityStateMark, saysMore, stateWord } from './marks.tsx';
import { Nothing } from './states.tsx';
import { Time } from './time.tsx';

type Host = Overview['hosts'][number];
const rank = { alerting: 0, stale: 1, unusual: 2, learning: 3, ok: 4 } as const;
const columns = [
  ['cpu', 'CPU'],
  ['memory', 'Memory'],
  ['disk', 'Disk'],
  ['disk-io', 'Disk I/O'],
  ['network', 'Network'],
] as const;
const pageSize = 40;

function worstFirst(hosts: readonly Host[]): Host[] {
  return [...hosts].sort(
    (a, b) =>
      rank[a.state] - rank[b.state] ||
      (a.health ?? 100) - (b.health ?? 100) ||
      a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
}

/** Many hosts, worst first, a line each; more lines on request, so that three hundred stay quick. */
export function HostTable({ hosts, anomalies }: { hosts: readonly Host[]; anomalies: readonly Anomaly[] }) {
  const search = useSearch();
  const [filter, setFilter] = useState('');
  const [shown, setShown] = useState(pageSize);
  const found = new Map<string, Anomaly[]>();
  for (const a of anomalies) found.set(a.entityId, [...(found.get(a.entityId) ?? []), a]);
  const wanted = filter.trim().toLowerCase();
  const matching = worstFirst(hosts).filter(
    (h) => wanted === '' || h.name.toLowerCase().includes(wanted) || stateWord(h).includes(wanted),
  );
  return (
    <div className="card flush">
      {hosts.length > 10 && (
        <div className="row table-tools">
          <input
            type="search"
            className="input"
            placeholder="Name or state"
            aria-label="Filter hosts by name or state"
            value={filter}
            onChange={(e) => setFilter(e.target.value)}
          />
          <span className="small muted">
            {[...Map.groupBy(worstFirst(hosts), stateWord)]
              .map(([word, those]) => `${those.length} ${word}`)
              .join(', ')}
          </span>
        </div>
      )}
      <div className="table-wrap" tabIndex={0} role="region" aria-label="Hosts">
        <table className="cards">
          <thead>
            <tr>
              <th>Host</th>
              <th>State</th>
              {columns.map(([name, title]) => (
                <th key={name}>{title}</th>
              ))}
              <th className="n">Last sample</th>
            </tr>
          </thead>
          <tbody>
            {matching.slice(0, shown).map((host) => (
              <tr key={host.id} className="goes">
                <td className="host-table-name">
                  <Link
                    className="strong"
                    data-row=""
                    href={`/hosts/${encodeURIComponent(host.id)}${rangeSearch(search)}`}
                  >
                    {host.name}
                  </Link>
                  {saysMore(host) && <span className="below">{afterName(host.name, host.sentence)}</span>}
                </td>
                <td>
                  <EntityStateMark entity={host} />
                </td>
                {columns.map(([name, title]) => (
                  <td key={name} data-name={title}>
                    <MiniGauge gauge={host.gauges.find((g) => g.name === name)} found={found.get(host.id) ?? []} />
                  </td>
                ))}
                <td className="n" data-name="Last sample">
                  <Time at={host.lastSeenAt} seconds />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {matching.length === 0 && <Nothing title={`No host matches “${filter}”`} />}
      {matching.length > shown && (
        <div className="row table-tools">
          <button type="button" className="button" onClick={() => setShown(shown + 100)}>
            Show {Math.min(100, matching.length - shown)} more of {matching.length}
          </button>
        </div>
      )}
    </div>
  );
}
