import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import type { Anomaly, AnomalyDetail, OperationOutput } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { amount, capital, labelText, percent, span, withName, word } from '../format.ts';
import { FindingRow } from '../parts/finding-row.tsx';
import { ConfidenceText, SeverityMark, Share } from '../parts/marks.tsx';
import { Prose } from '../parts/prose.tsx';
import { RangeChart } from '../parts/range-chart.tsx';
import { Drawer } from '../parts/sheet.tsx';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { Loaded, Nothing, PageSkeleton, ProblemNotice } from '../parts/states.tsx';
import { Lasting, Time } from '../parts/time.tsx';
import { rangeSearch, setParams, useRange, withParams } from '../range.ts';

type Page = OperationOutput<'anomalies'>;
const statuses = [
  ['open', 'Open'],
  ['ended', 'Ended'],
  ['all', 'All'],
] as const;
const severities = ['critical', 'high', 'medium'] as const;

/** Findings, newest first; one of them open beside the list, by its own link. */
export function AnomaliesPage({ id }: { id: string | null }) {
  const search = useSearch();
  const [, navigate] = useLocation();
  const params = new URLSearchParams(search);
  const status = params.get('status') ?? 'all';
  const severity = params.get('severity') ?? '';
  const entity = params.get('host') ?? '';
  const range = useRange('24h');
  const spanMs = range.toMs - range.fromMs;
  const list = useInfiniteQuery<Page>({
    queryKey: ['anomalies', 'list', status, severity, entity, range.key],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const to = range.last === null ? range.toMs : Date.now();
      return call('anomalies', {
        signal,
        query: {
          limit: 50,
          cursor: pageParam === '' ? undefined : String(pageParam),
          entity: entity === '' ? undefined : entity,
          status: status === 'all' ? undefined : status,
          severity: severity === '' ? undefined : severity,
          // What is open needs a person, however long ago it began.
          from: status === 'open' ? undefined : new Date(to - spanMs).toISOString(),
          to: status === 'open' || range.last !== null ? undefined : new Date(to).toISOString(),
        },
      });
    },
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const entities = useApi('entities');
  const open = items.filter((a) => a.status === 'open').length;
  return (
    <div className="stack">
      <div className="lede">
        <h1>{list.data === undefined ? 'Anomalies' : sentence(open, items.length, list.hasNextPage, status)}</h1>
        <p className="small muted">What left its usual range, and stayed out of it.</p>
      </div>
      <div className="row">
        <div className="segments" role="group" aria-label="Status">
          {statuses.map(([value, text]) => (
            <button
              key={value}
              type="button"
              aria-pressed={status === value}
              onClick={() => setParams({ status: value === 'all' ? null : value })}
            >
              {text}
            </button>
          ))}
        </div>
        <select
          className="input"
          aria-label="Severity"
          value={severity}
          onChange={(e) => setParams({ severity: e.target.value || null })}
        >
          <option value="">Any severity</option>
          {severities.map((s) => (
            <option key={s}>{s}</option>
          ))}
        </select>
        {(entities.data?.items.length ?? 0) > 1 && (
          <select
            className="input"
            aria-label="Host"
            value={entity}
            onChange={(e) => setParams({ host: e.target.value || null })}
          >
            <option value="">Any host</option>
            {entities.data?.items.map((e) => (
              <option key={e.id} value={e.id}>
                {e.name}
              </option>
            ))}
          </select>
        )}
      </div>
      {list.error !== null && (
        <ProblemNotice problem={ProblemError.from(list.error).problem} retry={() => void list.refetch()} />
      )}
      {list.isPending && <PageSkeleton />}
      {list.data !== undefined && (
        <div className="card flush">
          {items.length === 0 ? (
            <Nothing title="Nothing unusual in this range">
              {status === 'ended'
                ? 'Nothing ended in it either.'
                : 'Look further back with the range above, or take a filter away.'}
            </Nothing>
          ) : (
            <ul className="rows">
              {items.map((anomaly) => (
                <li key={anomaly.id}>
                  <FindingRow anomaly={anomaly} keepSearch />
                </li>
              ))}
            </ul>
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
      {id !== null && (
        <Detail
          id={decodeURIComponent(id)}
          onClose={() => navigate(`/anomalies${search === '' ? '' : `?${search}`}`)}
        />
      )}
    </div>
  );
}

function sentence(open: number, total: number, more: boolean, status: string): string {
  const all = `${total}${more ? ' or more' : ''}`;
  if (status === 'open')
    return total === 0 ? 'Nothing is unusual now.' : `${all} ${total === 1 ? 'anomaly is' : 'anomalies are'} open.`;
  if (total === 0) return 'Nothing was unusual in this range.';
  return `${all} ${total === 1 ? 'anomaly' : 'anomalies'} in this range, ${open === 0 ? 'none' : open} still open.`;
}

function Detail({ id, onClose }: { id: string; onClose: () => void }) {
  const answer = useApi('anomaly', { params: { id } });
  const finding = answer.data?.id === id ? answer.data : undefined;
  return (
    <Drawer
      open
      onClose={onClose}
      above={
        finding !== undefined && (
          <SeverityMark severity={finding.severity}>{`${finding.severity}, ${word(finding.resource)}`}</SeverityMark>
        )
      }
      title={finding === undefined ? 'Anomaly' : withName(finding.entityName, finding.summary)}
    >
      <Loaded answer={{ ...answer, data: finding }} skeleton={<PageSkeleton />}>
        {(data) => <Evidence finding={data} />}
      </Loaded>
    </Drawer>
  );
}

/** Around the finding: half as long again before it as it lasted, an hour at least. */
function chartRange(finding: Anomaly): { from: string; to: string } {
  const onset = Date.parse(finding.onsetAt);
  const end = Date.parse(finding.endedAt ?? finding.lastAt);
  const before = Math.max(3_600_000, (end - onset) / 2);
  return {
    from: new Date(onset - before).toISOString(),
    to: new Date(Math.min(Date.now(), end + before / 6)).toISOString(),
  };
}

function Evidence({ finding }: { finding: AnomalyDetail }) {
  const search = useSearch();
  const main = finding.features[0];
  const metric =
    main?.labels['__name__'] ?? (finding.detector === 'metric' ? finding.subject.replace(/\{.*$/, '') : undefined);
  const around = chartRange(finding);
  const { confirmed, dismissed, normal } = finding.trackRecord;
  const judged = confirmed + dismissed + normal;
  return (
    <>
      <dl className="facts">
        <Fact name="Since">
          <Time at={finding.onsetAt} seconds />
        </Fact>
        <Fact name="Duration">
          <Lasting from={finding.onsetAt} to={finding.endedAt} />
        </Fact>
        <Fact name="Noticed">
          <Time at={finding.detectedAt} seconds />
        </Fact>
        <Fact name="Score">
          {finding.score.toFixed(3)} <span className="muted">of 1</span>
        </Fact>
        <Fact name="Confidence">
          <ConfidenceText confidence={finding.confidence} />
        </Fact>
        <Fact name="Detector">
          {finding.detector}
          {finding.pages ? ', may page' : ', does not page'}
        </Fact>
      </dl>
      {metric !== undefined && (
        <div className="card">
          <RangeChart
            title={capital(main?.feature ?? metric)}
            query={{ entity: finding.entityId, metric }}
            fixed={around}
          />
        </div>
      )}
      {finding.culprits.length > 0 && (
        <section>
          <h3>Behind it</h3>
          <ul className="stack tight">
            {finding.culprits.map((c) => (
              <li key={`${c.kind}/${c.name}/${c.pid ?? ''}`}>
                <strong>{c.name}</strong>{' '}
                <span className="muted">
                  {c.kind}
                  {c.pid !== null && ` ${c.pid}`}
                </span>{' '}
                {c.evidence}
              </li>
            ))}
          </ul>
        </section>
      )}
      {finding.recommendations.length > 0 && (
        <section>
          <h3>What you can do</h3>
          <ul className="bullets">
            {finding.recommendations.map((text) => (
              <li key={text}>
                <Prose text={text} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Features finding={finding} />
      <section>
        <h3>What would have changed it</h3>
        <p>{finding.counterfactual}</p>
      </section>
      <section>
        <h3>Track record of this detector</h3>
        <p>
          {judged === 0
            ? 'Nobody has judged one of its findings yet.'
            : `Of ${judged} judged, ${confirmed} ${confirmed === 1 ? 'was' : 'were'} confirmed, ${normal} said to be normal, ${dismissed} dismissed.`}
        </p>
      </section>
      <Judge finding={finding} />
      <p className="row">
        <Link
          className="link"
          href={`/explore${withParams(rangeSearch(search), { host: finding.entityId, metric: metric ?? null, last: null, ...around })}`}
        >
          Open in Explore
        </Link>
        <Link className="link" href={`/hosts/${encodeURIComponent(finding.entityId)}${withParams('', { ...around })}`}>
          {finding.entityName} at that time
        </Link>
      </p>
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Features({ finding }: { finding: AnomalyDetail }) {
  if (finding.features.length === 0) return null;
  return (
    <section>
      <h3>What drove the score</h3>
      <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="What drove the score">
        <table>
          <thead>
            <tr>
              <th>Metric</th>
              <th className="n">Value</th>
              <th className="n">Usual</th>
              <th>Share</th>
            </tr>
          </thead>
          <tbody>
            {finding.features.map((f) => (
              <tr key={`${f.feature}/${labelText(f.labels)}`}>
                <td>
                  {f.feature}
                  {labelText(f.labels) !== '' && <span className="below">{labelText(f.labels)}</span>}
                </td>
                <td className="n strong">{amount(f.value, f.unit)}</td>
                <td className="n">
                  {f.lower === null && f.upper === null ? amount(f.expected, f.unit) : span(f.lower, f.upper, f.unit)}
                </td>
                <td className="nowrap">
                  <Share value={f.share} /> {percent(f.share)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const verdicts = [
  ['confirmed', 'Confirm', 'It was worth telling. Counts as right.'],
  ['normal', 'This is normal', 'Learnt: the same here is not shown again.'],
  ['dismissed', 'Dismiss', 'Counts as wrong; nothing is learnt from it.'],
] as const;

/** A person's word; what each does stands beside it. Silencing stands apart: it keeps messages from people. */
function Judge({ finding }: { finding: AnomalyDetail }) {
  const [silencing, setSilencing] = useState(false);
  const judge = useMutation({
    mutationFn: (verdict: (typeof verdicts)[number][0]) =>
      call('judgeAnomaly', { params: { id: finding.id }, body: { verdict } }),
    onSuccess: () => {
      for (const key of ['anomaly', 'anomalies', 'overview']) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
  return (
    <section className="card stack tight">
      <h3>Your word on it</h3>
      {verdicts.map(([verdict, text, effect]) => (
        <div key={verdict} className="judge">
          <button
            type="button"
            className="button"
            aria-pressed={finding.verdict === verdict}
            disabled={judge.isPending}
            onClick={() => judge.mutate(verdict)}
          >
            {text}
          </button>
          <span className="muted">{effect}</span>
        </div>
      ))}
      {judge.error !== null && <ProblemNotice problem={ProblemError.from(judge.error).problem} />}
      <div className="judge apart-above">
        <button type="button" className="button" onClick={() => setSilencing(true)}>
          Silence …
        </button>
        <span className="muted">Tell nobody about it for a while. Asks what and for how long first.</span>
      </div>
      {silencing && (
        <SilenceDialog
          target={{ entityId: finding.entityId, entityName: finding.entityName, subject: finding.subject }}
          onClose={() => setSilencing(false)}
        />
      )}
    </section>
  );
}
