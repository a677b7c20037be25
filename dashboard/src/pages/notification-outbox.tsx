import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call, ProblemError } from '../api.ts';
import { type Message, messageText } from '../notification-words.ts';
import { SeverityMark } from '../parts/marks.tsx';
import { Nothing, ProblemNotice } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';

type Page = OperationOutput<'notifications'>;
const states = [
  ['waiting', 'Waiting'],
  ['given-up', 'Given up'],
  ['delivered', 'Delivered'],
] as const;

const nothing: Readonly<Record<Message['state'], string>> = {
  waiting: 'Nothing waits.',
  'given-up': 'Nothing was given up.',
  delivered: 'Nothing was told yet.',
};

/** What waits, arrived or was given up. */
export function Outbox() {
  const [state, setState] = useState<Message['state']>('waiting');
  const messages = useInfiniteQuery<Page>({
    queryKey: ['notifications', state],
    initialPageParam: '',
    refetchInterval: 30_000,
    queryFn: ({ pageParam, signal }) =>
      call('notifications', {
        signal,
        query: { state, limit: 25, cursor: pageParam === '' ? undefined : String(pageParam) },
      }),
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
  const rows = messages.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section aria-labelledby="outbox">
      <div className="head">
        <h2 id="outbox">Outbox</h2>
        <div className="segments" role="group" aria-label="Which messages">
          {states.map(([value, word]) => (
            <button key={value} type="button" aria-pressed={state === value} onClick={() => setState(value)}>
              {word}
            </button>
          ))}
        </div>
      </div>
      {messages.error !== null && <ProblemNotice problem={ProblemError.from(messages.error).problem} />}
      {messages.isPending ? (
        <span className="skeleton block" />
      ) : rows.length === 0 ? (
        <div className="card flush">
          <Nothing title={nothing[state]} />
        </div>
      ) : (
        <Table
          name="Messages"
          rows={rows}
          keyOf={(row) => row.id}
          columns={[
            { title: 'Message', look: 'strong', cell: titleOf },
            { title: 'Severity', cell: ({ severity }) => <SeverityMark severity={severity} /> },
            {
              title: 'To',
              cell: ({ channel, receiver }) => (receiver === null ? channel : `${receiver} by ${channel}`),
            },
            { title: 'Written', figures: true, cell: ({ createdAt }) => <Time at={createdAt} seconds /> },
            { title: 'State', cell: (row) => messageText(row, Date.now()) },
          ]}
        />
      )}
      {messages.hasNextPage && (
        <div>
          <button
            type="button"
            className="button"
            disabled={messages.isFetchingNextPage}
            onClick={() => void messages.fetchNextPage()}
          >
            Show older ones
          </button>
        </div>
      )}
    </section>
  );
}

function titleOf({ title, incidentId, kind }: Message) {
  return (
    <>
      {incidentId === null ? (
        title
      ) : (
        <Link className="link" href={`/incidents/${encodeURIComponent(incidentId)}`}>
          {title}
        </Link>
      )}
      {kind === 'escalated' && <span className="below small muted">told since nobody had taken it</span>}
    </>
  );
}
