import { useMutation } from '@tanstack/react-query';
import { Link } from 'wouter';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { count, percent } from '../format.ts';
import {
  type Channel,
  hoursText,
  isFailing,
  kindWords,
  notificationSentence,
  type Plan,
  routeText,
} from '../notification-words.ts';
import { SeverityMark } from '../parts/marks.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';
import { DryRun } from './notification-dry-run.tsx';
import { Outbox } from './notification-outbox.tsx';

/** Who is told of what: channels and their state, receivers, routes, escalations, the outbox. */
export function NotificationPage() {
  const channels = useApi('channels');
  const plan = useApi('notifyPlan');
  return (
    <div className="stack">
      <div className="lede">
        <h1>{channels.data === undefined ? 'Notification' : notificationSentence(channels.data.items, Date.now())}</h1>
        <p className="small muted">
          Set up under <code>notify</code> in the configuration file;{' '}
          <Link className="link" href="/settings/configuration">
            read it again
          </Link>{' '}
          and it is in force.
        </p>
      </div>
      <section aria-labelledby="channels">
        <h2 id="channels">Channels</h2>
        <Loaded answer={channels}>{({ items }) => <Channels items={items} />}</Loaded>
      </section>
      <section aria-labelledby="routes">
        <h2 id="routes">Routes</h2>
        <Loaded answer={plan}>{(known) => <Routes plan={known} />}</Loaded>
      </section>
      <DryRun />
      <Outbox />
      <Precision />
    </div>
  );
}

function Channels({ items }: { items: readonly Channel[] }) {
  if (items.length === 0)
    return (
      <div className="card flush">
        <Nothing title="Nobody is told yet">
          Incidents are shown here only. Add an e-mail address, Slack or another channel under{' '}
          <code>notify.channels</code> in the configuration file, then read it again.
        </Nothing>
      </div>
    );
  return (
    <ul className="card flush rows">
      {items.map((channel) => (
        <li key={channel.name}>
          <ChannelRow channel={channel} />
        </li>
      ))}
    </ul>
  );
}

function ChannelRow({ channel }: { channel: Channel }) {
  const test = useMutation({
    mutationFn: () => call('testChannel', { params: { id: channel.name } }),
    onSettled: () => void queries.invalidateQueries({ queryKey: ['channels'] }),
  });
  const { failingSinceAt, waitingSinceAt, lastDeliveredAt, lastError } = channel;
  return (
    <div className="line channel">
      <div>
        <strong>{channel.name}</strong> <span className="muted">{kindWords[channel.kind]}</span>{' '}
        <code>{channel.target}</code>
        {isFailing(channel) && (
          <p>
            <SeverityMark severity="high">takes nothing</SeverityMark>
            {failingSinceAt !== null && (
              <>
                {' '}
                since <Time at={failingSinceAt} />
              </>
            )}
            : {lastError}
          </p>
        )}
        <p className="small muted">
          From {channel.minSeverity} on. {count(channel.delivered)} delivered
          {lastDeliveredAt !== null && (
            <>
              , last <Time at={lastDeliveredAt} />
            </>
          )}
          ; {count(channel.waiting)} waiting
          {waitingSinceAt !== null && (
            <>
              , since <Time at={waitingSinceAt} />
            </>
          )}
          ; {count(channel.givenUp)} given up.{' '}
          {channel.changes
            ? 'What was told is changed when it gets worse.'
            : 'What was told cannot be changed there: it is told once, and its end.'}
        </p>
        <div role="status">
          {test.data !== undefined && (
            <p>
              <SeverityMark severity={test.data.delivered ? 'none' : 'high'}>
                {test.data.delivered ? 'delivered' : 'not delivered'}
              </SeverityMark>{' '}
              {test.data.detail}
            </p>
          )}
        </div>
        {test.error !== null && <ProblemNotice problem={ProblemError.from(test.error).problem} />}
      </div>
      <button
        type="button"
        className="button"
        disabled={test.isPending}
        onClick={() => test.mutate()}
        aria-label={`Send a test to ${channel.name}`}
      >
        Send a test
      </button>
    </div>
  );
}

function Routes({ plan }: { plan: Plan }) {
  return (
    <div className="stack tight">
      {plan.routes.length === 0 ? (
        <p className="muted">None is set: every channel is told of everything that is severe enough for it.</p>
      ) : (
        <>
          <p className="small muted">
            The first that holds counts, and those after one that says “continue”. Where none holds, every channel is
            told.
          </p>
          <Table
            name="Routes"
            rows={plan.routes}
            keyOf={(route) => route.name}
            columns={[
              { title: 'Route', look: 'strong', cell: (route) => route.name },
              { title: 'For', cell: routeText },
              { title: 'To', cell: (route) => route.to.join(', ') },
              { title: 'Then', cell: (route) => (route.continue ? 'continue' : 'stop') },
              { title: 'Escalation', cell: (route) => route.escalation ?? '–' },
            ]}
          />
        </>
      )}
      {plan.receivers.length > 0 && (
        <>
          <h3>Receivers</h3>
          <Table
            name="Receivers"
            rows={plan.receivers}
            keyOf={(receiver) => receiver.name}
            columns={[
              { title: 'Receiver', look: 'strong', cell: (receiver) => receiver.name },
              { title: 'Reached by', cell: (receiver) => receiver.to.join(', ') },
              {
                title: 'Quiet hours',
                cell: (receiver) =>
                  receiver.quiet.length === 0
                    ? 'none'
                    : `${receiver.quiet.map(hoursText).join('; ')} (${receiver.timeZone}); what is critical is told all the same`,
              },
            ]}
          />
        </>
      )}
      {plan.escalations.length > 0 && (
        <>
          <h3>Escalations</h3>
          <Table
            name="Escalations"
            rows={plan.escalations}
            keyOf={(one) => one.name}
            columns={[
              { title: 'Escalation', look: 'strong', cell: (one) => one.name },
              {
                title: 'While nobody takes it',
                cell: (one) =>
                  one.steps
                    .map(({ afterSeconds, to }) => `${Math.round(afterSeconds / 60)} min: ${to.join(', ')}`)
                    .join('; '),
              },
              {
                title: 'Again',
                cell: (one) => (one.repeat === 0 ? 'no' : one.repeat === 1 ? 'once' : `${one.repeat} times`),
              },
            ]}
          />
        </>
      )}
    </div>
  );
}

/** What people said of what each detector found: what is dismissed again and again is told as less severe. */
function Precision() {
  const precision = useApi('detectorPrecision');
  return (
    <section aria-labelledby="precision">
      <h2 id="precision">How often it was trouble</h2>
      <p className="small muted">
        By what people confirmed and dismissed; an acknowledgement counts half. What was mostly dismissed is told as
        less severe; what is critical never is.
      </p>
      <Loaded answer={precision}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="muted">Nobody has judged an incident or a finding yet.</p>
          ) : (
            <Table
              name="Precision"
              rows={items}
              keyOf={(one) => one.source}
              columns={[
                { title: 'Detector or rule', look: 'strong', cell: (one) => one.source },
                { title: 'Confirmed', figures: true, cell: (one) => count(one.confirmed) },
                { title: 'Dismissed', figures: true, cell: (one) => count(one.dismissed) },
                { title: 'Likely trouble', figures: true, cell: (one) => percent(one.value) },
                {
                  title: '80 % interval',
                  figures: true,
                  cell: (one) => `${percent(one.lower)} – ${percent(one.upper)}`,
                },
              ]}
            />
          )
        }
      </Loaded>
    </section>
  );
}
