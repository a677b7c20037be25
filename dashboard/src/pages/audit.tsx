import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useSearch } from 'wouter';
import type { AuditReportView, AuditRowView, OperationOutput } from '../../../src/api/contract/index.ts';
import { apiUrl, call, ProblemError, useApi } from '../api.ts';
import { Icon } from '../parts/icons.tsx';
import { Drawer } from '../parts/sheet.tsx';
import { Nothing, PageSkeleton, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { setParams } from '../range.ts';

type Page = OperationOutput<'audit'>;

/** How it went, in the words of somebody who reads it the next morning. */
const outcomes = [
  ['', 'However it went'],
  ['failed', 'Failed'],
  ['refused', 'Refused'],
  ['begun', 'Let through'],
  ['done', 'Done'],
] as const;

/** What was done, by whom and from where; and whether the log is as it was written. */
export function AuditPage() {
  const params = new URLSearchParams(useSearch());
  const filter = {
    actor: params.get('actor') ?? '',
    action: params.get('action') ?? '',
    outcome: params.get('outcome') ?? '',
  };
  const report = useApi('verifyAudit', {}, { staleTime: 60_000 });
  const list = useInfiniteQuery<Page>({
    queryKey: ['audit', filter.actor, filter.action, filter.outcome],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      call('audit', {
        signal,
        query: {
          limit: 50,
          cursor: pageParam === '' ? undefined : String(pageParam),
          actor: filter.actor || undefined,
          action: filter.action || undefined,
          outcome: filter.outcome || undefined,
        },
      }),
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const [shown, setShown] = useState<AuditRowView | null>(null);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = Object.values(filter).some((value) => value !== '');
  return (
    <div className="stack">
      <div className="lede">
        <h1>{report.data === undefined ? 'Audit' : report.data.isSound ? report.data.sentence : 'Audit'}</h1>
        <p className="small muted">
          Every change, sign-in and refusal, written before it was done. {isFiltered && 'The list below is filtered.'}
        </p>
      </div>
      {report.problem !== null && <ProblemNotice problem={report.problem} retry={report.refetch} />}
      {report.data?.isSound === false && <Tampered report={report.data} />}
      <Filter key={`${filter.actor} ${filter.action}`} {...filter} />
      {list.error !== null && (
        <ProblemNotice problem={ProblemError.from(list.error).problem} retry={() => void list.refetch()} />
      )}
      {list.isPending && <PageSkeleton />}
      {list.data !== undefined && (
        <div className="card flush">
          {rows.length === 0 ? (
            <Nothing title="Nothing is recorded that fits">Take a filter away.</Nothing>
          ) : (
            <Rows rows={rows} onOpen={setShown} />
          )}
        </div>
      )}
      {list.hasNextPage && (
        <div>
          <button
            type="button"
            className="button"
            disabled={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Show older ones
          </button>
        </div>
      )}
      <Evidence report={report.data} />
      {shown !== null && <Detail row={shown} onClose={() => setShown(null)} />}
    </div>
  );
}

function Tampered({ report }: { report: AuditReportView }) {
  return (
    <div className="notice critical" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{report.sentence}</strong>
        <div>
          {report.rows === 0
            ? 'No row before it can be relied on.'
            : `The ${report.rows} rows before it are as they were written.`}{' '}
          Keep a copy of the home folder, and compare with the last export or backup.
        </div>
      </div>
    </div>
  );
}

function Filter({ actor, action, outcome }: { actor: string; action: string; outcome: string }) {
  const [who, setWho] = useState(actor);
  const [what, setWhat] = useState(action);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setParams({ actor: who.trim() || null, action: what.trim() || null });
  };
  return (
    <form className="row" onSubmit={submit}>
      <input
        className="input"
        aria-label="Who"
        placeholder="Who: ann, prometheus …"
        value={who}
        onChange={(e) => setWho(e.target.value)}
      />
      <input
        className="input"
        aria-label="What"
        placeholder="What: token.add, model.promote …"
        value={what}
        onChange={(e) => setWhat(e.target.value)}
      />
      <select
        className="input"
        aria-label="How it went"
        value={outcome}
        onChange={(e) => setParams({ outcome: e.target.value || null })}
      >
        {outcomes.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <button type="submit" className="button">
        Filter
      </button>
    </form>
  );
}

function Rows({ rows, onOpen }: { rows: readonly AuditRowView[]; onOpen: (row: AuditRowView) => void }) {
  return (
    <div className="table-wrap">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">On</th>
            <th scope="col">How it went</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.seq}>
              <td className="nowrap">
                <Time at={row.at} seconds />
                <span className="below">row {row.seq}</span>
              </td>
              <td>
                {whoOf(row)}
                <span className="below">{row.actor.source ?? 'this machine'}</span>
              </td>
              <td>
                <button type="button" className="link" onClick={() => onOpen(row)}>
                  {row.action}
                </button>
              </td>
              <td className="anywhere">{row.target === '' ? '–' : row.target}</td>
              <td>
                <Outcome row={row} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function whoOf({ actor }: AuditRowView): string {
  if (actor.kind === 'process') return 'Auspex itself';
  if (actor.name === '') return 'nobody known';
  return actor.kind === 'token' ? `${actor.name} (token)` : actor.name;
}

function Outcome({ row }: { row: AuditRowView }) {
  const reason = fieldOf(row.detail, 'reason');
  if (row.outcome === 'begun') return <span className="muted">let through</span>;
  if (row.outcome === 'done') return <span>done</span>;
  return (
    <span>
      <span className="strong">{row.outcome}</span>
      {reason !== null && <span className="below">{reason}</span>}
    </span>
  );
}

function fieldOf(detail: unknown, name: string): string | null {
  if (typeof detail !== 'object' || detail === null) return null;
  const value = (detail as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : null;
}

function Detail({ row, onClose }: { row: AuditRowView; onClose: () => void }) {
  return (
    <Drawer open onClose={onClose} title={`${row.action}, row ${row.seq}`}>
      <div className="stack tight">
        <dl className="pairs">
          <dt>When</dt>
          <dd>
            <Time at={row.at} seconds />
          </dd>
          <dt>Who</dt>
          <dd>{whoOf(row)}</dd>
          <dt>From</dt>
          <dd>{row.actor.source ?? 'this machine'}</dd>
          <dt>On</dt>
          <dd className="anywhere">{row.target === '' ? '–' : row.target}</dd>
          <dt>How it went</dt>
          <dd>{row.outcome === 'begun' ? 'let through' : row.outcome}</dd>
          <dt>Hash</dt>
          <dd className="mono anywhere">{row.hash}</dd>
        </dl>
        {row.outcome === 'begun' && (
          <p className="small muted">
            Written before it was done. Where it failed, a later row says so and names this one.
          </p>
        )}
        <pre className="mono anywhere">{JSON.stringify(row.detail, null, 2)}</pre>
      </div>
    </Drawer>
  );
}

function Evidence({ report }: { report: AuditReportView | undefined }) {
  return (
    <section className="card stack tight" aria-labelledby="evidence">
      <h2 id="evidence">For who audits</h2>
      <p>
        The whole log with its hashes, as{' '}
        <a className="link" download href={apiUrl('/api/export/audit', { format: 'json' }).href}>
          JSON lines
        </a>{' '}
        or{' '}
        <a className="link" download href={apiUrl('/api/export/audit', { format: 'csv' }).href}>
          CSV
        </a>
        . <code>auspex audit verify</code> proves it on the machine, also while Auspex is stopped.
      </p>
      {report?.head != null && (
        <p className="small muted">
          Note the last row elsewhere, and nothing before it can be changed unseen: row {report.head.seq}, hash{' '}
          <code className="anywhere">{report.head.hash}</code>
        </p>
      )}
    </section>
  );
}
