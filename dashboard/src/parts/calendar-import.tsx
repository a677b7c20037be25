import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call, changedCalendar } from '../api.ts';
import { type Kind, kindWords } from '../calendar-words.ts';
import { AskForm } from './ask-form.tsx';

type Taken = OperationOutput<'importCalendar'>;

/** Takes an .ics file in, and says what came of it. */
export function CalendarImport({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [kind, setKind] = useState<Kind>('holiday');
  const take = useMutation({
    mutationFn: async () =>
      call('importCalendar', {
        query: { kind },
        text: { type: 'text/calendar', content: (await file?.text()) ?? '' },
      }),
    onSuccess: changedCalendar,
  });
  return (
    <AskForm
      title="Import a calendar"
      button="Import"
      sent={take}
      onSubmit={() => take.mutate()}
      onClose={onClose}
      cancel="Close"
      ready={file !== null}
    >
      <label className="field">
        An .ics file, 2 MB and 2,000 events at most
        <input
          className="input"
          type="file"
          accept=".ics,text/calendar"
          required
          onChange={(e) => setFile(e.target.files?.[0] ?? null)}
        />
      </label>
      <label className="field">
        What its events are, where they do not say it themselves
        <select className="input" value={kind} onChange={(e) => setKind(e.target.value as Kind)}>
          {Object.entries(kindWords).map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <p>They are about everything. An event that was taken in before is replaced.</p>
      {take.data !== undefined && <Outcome taken={take.data} />}
    </AskForm>
  );
}

function Outcome({ taken: { added, replaced, leftOut } }: { taken: Taken }) {
  return (
    <div role="status">
      <p>
        {added} added, {replaced} replaced, {leftOut.length} left out.
      </p>
      <ul className="bullets">
        {leftOut.slice(0, 5).map(({ line, reason }) => (
          <li key={line}>
            Line {line}: {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}
