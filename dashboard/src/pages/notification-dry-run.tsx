import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call, openIncidents, ProblemError, useApi } from '../api.ts';
import { Loaded, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

type Answer = OperationOutput<'notifyRoute'>;

/** Whom an incident would reach, and why; nothing is sent. */
export function DryRun() {
  const entities = useApi('entities');
  const incidents = useApi('incidents', openIncidents);
  const [incident, setIncident] = useState('');
  const [severity, setSeverity] = useState('high');
  const [entity, setEntity] = useState('');
  const ask = useMutation({
    mutationFn: () =>
      call('notifyRoute', {
        body: incident === '' ? { severity, ...(entity === '' ? {} : { entity }) } : { incident },
      }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <section aria-labelledby="dry-run">
      <h2 id="dry-run">Who would be told?</h2>
      <div className="card stack tight">
        <form className="row" onSubmit={submit}>
          <select
            className="input"
            aria-label="Incident"
            value={incident}
            onChange={(e) => setIncident(e.target.value)}
          >
            <option value="">One that might be</option>
            {incidents.data?.items.map((one) => (
              <option key={one.id} value={one.id}>
                {one.title.slice(0, 80)}
              </option>
            ))}
          </select>
          {incident === '' && (
            <>
              <select
                className="input"
                aria-label="Severity"
                value={severity}
                onChange={(e) => setSeverity(e.target.value)}
              >
                {['medium', 'high', 'critical'].map((word) => (
                  <option key={word}>{word}</option>
                ))}
              </select>
              <Loaded answer={entities} skeleton={null}>
                {({ items }) => (
                  <select
                    className="input"
                    aria-label="Host or service"
                    value={entity}
                    onChange={(e) => setEntity(e.target.value)}
                  >
                    <option value="">on any host or service</option>
                    {items.slice(0, 500).map((one) => (
                      <option key={one.id} value={one.id}>
                        {one.name}
                      </option>
                    ))}
                  </select>
                )}
              </Loaded>
            </>
          )}
          <button type="submit" className="button" disabled={ask.isPending}>
            Look, without sending
          </button>
        </form>
        {ask.error !== null && <ProblemNotice problem={ProblemError.from(ask.error).problem} />}
        <div role="status">{ask.data !== undefined && <Reached answer={ask.data} />}</div>
      </div>
    </section>
  );
}

function Reached({ answer }: { answer: Answer }) {
  return (
    <div className="stack tight">
      <p>
        <strong>
          {answer.targets.length === 0
            ? `Nobody would be told of what is ${answer.severity}.`
            : `What is ${answer.severity} reaches ${answer.targets.map(({ channel }) => channel).join(', ')}.`}
        </strong>
      </p>
      <ul className="stack tight">
        {answer.targets.map(({ channel, receiver, route, quietUntilAt }) => (
          <li key={channel}>
            {channel}
            {receiver === channel ? '' : ` by ${receiver}`}:{' '}
            {route === null ? 'no route holds, so every channel is told' : `route ${route}`}
            {quietUntilAt !== null && (
              <>
                ; quiet until <Time at={quietUntilAt} />
              </>
            )}
          </li>
        ))}
        {answer.left.map(({ channel, reason }) => (
          <li key={channel} className="muted">
            Not {channel}: {reason}
          </li>
        ))}
        {answer.looked.map(({ route, holds, reason }) => (
          <li key={`route ${route}`} className="small muted">
            Route {route} {holds ? 'holds' : 'does not hold'}: {reason}
          </li>
        ))}
        {answer.steps.map(({ afterSeconds, to }, i) => (
          // biome-ignore lint: steps never change places.
          <li key={`step ${i}`} className="small muted">
            If nobody takes it, after {Math.round(afterSeconds / 60)} min: {to.join(', ')}
          </li>
        ))}
      </ul>
    </div>
  );
}
