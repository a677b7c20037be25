import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { CalendarEntryView, NewCalendarEntry } from '../../../src/api/contract/index.ts';
import { call, changedCalendar, useApi } from '../api.ts';
import {
  aboutText,
  effectSentences,
  type Governable,
  governableWords,
  governsByKind,
  type Kind,
  kindWords,
  lengthText,
  repeatChoices,
  toInput,
} from '../calendar-words.ts';
import { clock, instantWithZone } from '../format.ts';
import { AskForm } from './ask-form.tsx';

const kinds = Object.entries(kindWords) as [Kind, string][];
const governables = Object.entries(governableWords) as [Governable, string][];
const OWN_RULE = 'own';
const HOUR_MS = 3_600_000;

interface Draft {
  readonly kind: Kind;
  readonly title: string;
  readonly from: string;
  readonly to: string;
  readonly repeat: string;
  readonly ownRule: string;
  readonly entityId: string;
  readonly service: string;
  readonly governs: readonly Governable[];
  readonly reason: string;
}

function draftOf(entry: CalendarEntryView | null, startsAt: number): Draft {
  if (entry === null)
    return {
      kind: 'maintenance',
      title: '',
      from: toInput(startsAt),
      to: toInput(startsAt + 2 * HOUR_MS),
      repeat: '',
      ownRule: '',
      entityId: '',
      service: '',
      governs: governsByKind.maintenance,
      reason: '',
    };
  const rule = entry.recurrence ?? '';
  const isKnown = rule === '' || repeatChoices.some(([known]) => known === rule);
  return {
    kind: entry.kind,
    title: entry.title,
    from: toInput(Date.parse(entry.startsAt)),
    to: toInput(Date.parse(entry.endsAt)),
    repeat: isKnown ? rule : OWN_RULE,
    ownRule: rule,
    entityId: entry.scope.entityId ?? '',
    service: entry.scope.service ?? '',
    governs: entry.governs,
    reason: entry.reason,
  };
}

function bodyOf(draft: Draft, entry: CalendarEntryView | null): NewCalendarEntry {
  const repeat = draft.repeat === OWN_RULE ? draft.ownRule.trim() : draft.repeat;
  return {
    kind: draft.kind,
    title: draft.title,
    // What else it is about (a rule, labels) is not changed here, and stays.
    scope: {
      ...entry?.scope,
      entityId: draft.entityId === '' ? null : draft.entityId,
      service: draft.service.trim() === '' ? null : draft.service.trim(),
    },
    startsAt: new Date(draft.from).toISOString(),
    endsAt: new Date(draft.to).toISOString(),
    recurrence: repeat === '' ? null : repeat,
    timeZone: entry?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    governs: [...draft.governs],
    reason: draft.reason,
  };
}

/** Plans something, or changes it: what will be governed and for how long stands above the button. */
export function CalendarDialog({
  entry,
  startsAt,
  onClose,
}: {
  entry: CalendarEntryView | null;
  startsAt: number;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState(() => draftOf(entry, startsAt));
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const entities = useApi('entities').data?.items ?? [];
  const done = () => {
    changedCalendar();
    onClose();
  };
  const save = useMutation({
    mutationFn: () =>
      entry === null
        ? call('addCalendarEntry', { body: bodyOf(draft, entry) })
        : call('changeCalendarEntry', { params: { id: entry.id }, body: bodyOf(draft, entry) }),
    onSuccess: done,
  });
  return (
    <AskForm
      title={entry === null ? 'Plan something' : `Change “${entry.title}”`}
      button={entry === null ? 'Plan it' : 'Change it'}
      sent={save}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <label className="field">
        What it is
        <select
          className="input"
          value={draft.kind}
          onChange={(e) => {
            const kind = e.target.value as Kind;
            set({ kind, governs: governsByKind[kind] });
          }}
        >
          {kinds.map(([kind, word]) => (
            <option key={kind} value={kind}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        Title
        <input
          className="input"
          required
          maxLength={200}
          value={draft.title}
          onChange={(e) => set({ title: e.target.value })}
        />
      </label>
      <Times draft={draft} set={set} />
      <div className="field-pair">
        <label className="field">
          Host or service
          <select className="input" value={draft.entityId} onChange={(e) => set({ entityId: e.target.value })}>
            <option value="">Everything</option>
            {entities.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          or all of a service or job
          <input
            className="input"
            maxLength={200}
            value={draft.service}
            onChange={(e) => set({ service: e.target.value })}
          />
        </label>
      </div>
      <fieldset className="calendar-governs">
        <legend className="small muted">What it governs</legend>
        {governables.map(([one, word]) => (
          <label key={one} className="nowrap">
            <input
              type="checkbox"
              checked={draft.governs.includes(one)}
              onChange={(e) =>
                set({
                  governs: governables
                    .map(([name]) => name)
                    .filter((name) => (name === one ? e.target.checked : draft.governs.includes(name))),
                })
              }
            />{' '}
            {word}
          </label>
        ))}
      </fieldset>
      <label className="field">
        Why (others will read it)
        <input
          className="input"
          maxLength={500}
          value={draft.reason}
          onChange={(e) => set({ reason: e.target.value })}
        />
      </label>
      <Effect draft={draft} entry={entry} nameOf={(id) => entities.find((one) => one.id === id)?.name ?? id} />
    </AskForm>
  );
}

function Times({ draft, set }: { draft: Draft; set: (change: Partial<Draft>) => void }) {
  return (
    <>
      <div className="field-pair">
        <label className="field">
          From
          <input
            className="input"
            type="datetime-local"
            required
            value={draft.from}
            onChange={(e) => set({ from: e.target.value })}
          />
        </label>
        <label className="field">
          Until
          <input
            className="input"
            type="datetime-local"
            required
            value={draft.to}
            onChange={(e) => set({ to: e.target.value })}
          />
        </label>
      </div>
      <label className="field">
        Again
        <select className="input" value={draft.repeat} onChange={(e) => set({ repeat: e.target.value })}>
          <option value="">Once</option>
          {repeatChoices.map(([rule, text]) => (
            <option key={rule} value={rule}>
              {text}
            </option>
          ))}
          <option value={OWN_RULE}>by a rule of your own</option>
        </select>
      </label>
      {draft.repeat === OWN_RULE && (
        <label className="field">
          Rule (RRULE)
          <input
            className="input mono"
            required
            placeholder="FREQ=MONTHLY;BYDAY=2TU"
            maxLength={300}
            value={draft.ownRule}
            onChange={(e) => set({ ownRule: e.target.value })}
          />
        </label>
      )}
    </>
  );
}

/** What will be touched, and until when. */
function Effect({
  draft,
  entry,
  nameOf,
}: {
  draft: Draft;
  entry: CalendarEntryView | null;
  nameOf: (id: string) => string;
}) {
  const [startsAt, endsAt] = [Date.parse(draft.from), Date.parse(draft.to)];
  const scope = {
    entityId: draft.entityId,
    service: draft.service.trim() === '' ? null : draft.service.trim(),
    rule: entry?.scope.rule ?? null,
    subject: entry?.scope.subject ?? null,
    labels: entry?.scope.labels ?? [],
  };
  const about = aboutText({ scope, entityName: draft.entityId === '' ? null : nameOf(draft.entityId) });
  const isWhole = Number.isFinite(startsAt) && Number.isFinite(endsAt);
  return (
    <p role="status">
      {isWhole && endsAt > startsAt ? (
        <>
          From <strong title={instantWithZone(startsAt)}>{clock(startsAt, Date.now())}</strong> until{' '}
          <strong title={instantWithZone(endsAt)}>{clock(endsAt, Date.now())}</strong> (
          {lengthText({ startsAt, endsAt })}
          ):{' '}
        </>
      ) : (
        'The end must come after the beginning. '
      )}
      {effectSentences(draft.kind, draft.governs, about).join(' ')}
    </p>
  );
}
