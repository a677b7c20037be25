import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { call, changedCalendar, ProblemError, useApi } from '../api.ts';
import { SilenceDialog } from '../parts/silence-dialog.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

export function Silences() {
  const silences = useApi('silences');
  const entities = useApi('entities');
  const [host, setHost] = useState('');
  const [adding, setAdding] = useState(false);
  const remove = useMutation({
    mutationFn: (id: string) => call('removeSilence', { params: { id } }),
    onSuccess: changedCalendar,
  });
  const hosts = entities.data?.items ?? [];
  const chosen = hosts.find((h) => h.id === host) ?? hosts[0];
  const nameOf = (id: string) => hosts.find((h) => h.id === id)?.name ?? id;
  return (
    <>
      <p className="muted">
        A silence keeps messages from people. What it covers is still watched and shown. It stands in the{' '}
        <Link className="link" href="/calendar">
          calendar
        </Link>
        , beside maintenance, holidays, freezes and quiet hours.
      </p>
      <Loaded answer={silences}>
        {({ items }) => (
          <div className="card flush">
            {items.length === 0 ? (
              <Nothing title="Nothing is silenced" />
            ) : (
              <ul className="rows">
                {items.map((s) => (
                  <li key={s.id} className="line channel">
                    <div>
                      <strong>{s.entityId === null ? 'Every host' : nameOf(s.entityId)}</strong>
                      {s.rule !== null && (
                        <>
                          , rule <code>{s.rule}</code>
                        </>
                      )}
                      {s.subject !== null && (
                        <>
                          , <code>{s.subject}</code>
                        </>
                      )}
                      <p>{s.reason}</p>
                      <p className="small muted">
                        <Time at={s.startsAt} /> – <Time at={s.endsAt} />, by {s.createdBy}
                      </p>
                    </div>
                    <button
                      type="button"
                      className="button"
                      disabled={remove.isPending}
                      onClick={() => remove.mutate(s.id)}
                      title="People are told again from now on"
                    >
                      End it
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </div>
        )}
      </Loaded>
      {remove.error !== null && <ProblemNotice problem={ProblemError.from(remove.error).problem} />}
      {chosen !== undefined && (
        <div className="row">
          <select
            className="input"
            aria-label="Host to silence"
            value={chosen.id}
            onChange={(e) => setHost(e.target.value)}
          >
            {hosts.map((h) => (
              <option key={h.id} value={h.id}>
                {h.name}
              </option>
            ))}
          </select>
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Silence …
          </button>
        </div>
      )}
      {adding && chosen !== undefined && (
        <SilenceDialog
          target={{ entityId: chosen.id, entityName: chosen.name, subject: null }}
          onClose={() => setAdding(false)}
        />
      )}
    </>
  );
}
