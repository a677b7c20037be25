import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call, changedCalendar } from '../api.ts';
import { clock, instantWithZone } from '../format.ts';
import { AskForm } from './ask-form.tsx';

const lengths = [
  [1, '1 hour'],
  [4, '4 hours'],
  [24, '1 day'],
  [168, '7 days'],
] as const;

export interface SilenceTarget {
  readonly entityId: string | null;
  readonly entityName: string;
  readonly subject: string | null;
  readonly rule?: string | null;
}

/** Says what will be touched and until when, then asks. */
export function SilenceDialog({ target, onClose }: { target: SilenceTarget; onClose: () => void }) {
  const [hours, setHours] = useState<number>(4);
  const [whole, setWhole] = useState(target.subject === null && (target.rule ?? null) === null);
  const [reason, setReason] = useState('');
  const [opened] = useState(() => Date.now());
  const endsAt = opened + hours * 3_600_000;
  const narrow = target.rule ?? target.subject;
  const add = useMutation({
    mutationFn: () =>
      call('addSilence', {
        body: {
          entityId: target.entityId,
          subject: whole ? null : target.subject,
          rule: whole ? null : (target.rule ?? null),
          endsAt: new Date(endsAt).toISOString(),
          reason,
        },
      }),
    onSuccess: () => {
      changedCalendar();
      onClose();
    },
  });
  return (
    <AskForm
      title={`Silence ${target.entityName}`}
      button="Silence"
      sent={add}
      onSubmit={() => add.mutate()}
      onClose={onClose}
    >
      {narrow !== null && (
        <div role="group" aria-label="What is silenced" className="segments">
          <button type="button" aria-pressed={!whole} onClick={() => setWhole(false)}>
            Only this
          </button>
          <button type="button" aria-pressed={whole} onClick={() => setWhole(true)}>
            All of {target.entityName}
          </button>
        </div>
      )}
      <div role="group" aria-label="For how long" className="segments">
        {lengths.map(([value, text]) => (
          <button key={value} type="button" aria-pressed={hours === value} onClick={() => setHours(value)}>
            {text}
          </button>
        ))}
      </div>
      <label className="field">
        Why (others will read it)
        <input className="input" required maxLength={500} value={reason} onChange={(e) => setReason(e.target.value)} />
      </label>
      <p>
        Until <strong title={instantWithZone(endsAt)}>{clock(endsAt, opened)}</strong> nobody is told about{' '}
        {whole || narrow === null ? (
          <strong>anything on {target.entityName}</strong>
        ) : (
          <>
            <code>{narrow}</code> on <strong>{target.entityName}</strong>
          </>
        )}
        . It is still watched, recorded and shown here. End it earlier in the Calendar.
      </p>
    </AskForm>
  );
}
