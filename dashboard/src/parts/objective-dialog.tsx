import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { ObjectiveItem } from '../../../src/api/contract/index.ts';
import { call, queries, useApi } from '../api.ts';
import {
  allowance,
  bodyOf,
  draftOf,
  type IndicatorKind,
  indicatorWords,
  type ObjectiveDraft,
  windows,
} from '../objective-words.ts';
import { AskForm } from './ask-form.tsx';

function readAnew(): void {
  for (const key of ['objectives', 'alerts']) void queries.invalidateQueries({ queryKey: [key] });
}

type SetDraft = (change: Partial<ObjectiveDraft>) => void;

/** Makes an objective, or changes one: what it leaves room for stands above the button. */
export function ObjectiveDialog({ objective, onClose }: { objective: ObjectiveItem | null; onClose: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(objective));
  const set: SetDraft = (change) => setDraft((before) => ({ ...before, ...change }));
  const room = allowance(draft);
  const save = useMutation({
    mutationFn: () =>
      objective === null
        ? call('addObjective', { body: bodyOf(draft) })
        : call('changeObjective', { params: { id: objective.id }, body: bodyOf(draft) }),
    onSuccess: () => {
      readAnew();
      onClose();
    },
  });
  return (
    <AskForm
      title={objective === null ? 'A new objective' : `Change “${objective.name}”`}
      button={objective === null ? 'Add it' : 'Change it'}
      ready={room !== null}
      sent={save}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <label className="field">
        Name (letters, digits, dots, dashes)
        <input
          className="input"
          required
          maxLength={64}
          pattern="[A-Za-z0-9_.\-]+"
          value={draft.name}
          onChange={(e) => set({ name: e.target.value })}
        />
      </label>
      <label className="field">
        What counts as good
        <select className="input" value={draft.kind} onChange={(e) => set({ kind: e.target.value as IndicatorKind })}>
          {Object.entries(indicatorWords).map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <ServiceField draft={draft} set={set} />
      <Indicator draft={draft} set={set} />
      <div className="field-pair">
        <label className="field">
          Share that must be good, in %
          <input
            className="input"
            required
            type="number"
            inputMode="decimal"
            step="any"
            min={0}
            max={100}
            value={draft.target}
            onChange={(e) => set({ target: e.target.value })}
          />
        </label>
        <label className="field">
          Within
          <select
            className="input"
            value={draft.windowDays}
            onChange={(e) => set({ windowDays: windows.find((days) => String(days) === e.target.value) ?? 30 })}
          >
            {windows.map((days) => (
              <option key={days} value={days}>
                {days} days
              </option>
            ))}
          </select>
        </label>
      </div>
      <p role="status">{room ?? 'The share lies between 0 and 100 %: 99.9, say.'}</p>
      <p className="small muted">
        It is counted once a minute from now on; people are told when the budget is spent too fast.
        {objective !== null && ' What was counted until now stays.'}
      </p>
    </AskForm>
  );
}

function ServiceField({ draft, set }: { draft: ObjectiveDraft; set: SetDraft }) {
  const services = useApi('services').data?.items ?? [];
  const isNeeded = draft.kind === 'availability' || draft.kind === 'latency';
  return (
    <label className="field">
      {isNeeded ? 'Service, as it reports itself or by its job' : 'Service whose objective it is, where it is one’s'}
      <input
        className="input"
        required={isNeeded}
        maxLength={200}
        list="services-known"
        value={draft.service}
        onChange={(e) => set({ service: e.target.value })}
      />
      <datalist id="services-known">
        {services.map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
    </label>
  );
}

function Indicator({ draft, set }: { draft: ObjectiveDraft; set: SetDraft }) {
  const text = (key: 'metric' | 'match' | 'good' | 'total', label: string, example: string, required = true) => (
    <label className="field">
      {label}
      <input
        className="input mono"
        required={required}
        maxLength={key === 'good' || key === 'total' ? 20_000 : 2_000}
        placeholder={example}
        value={draft[key]}
        onChange={(e) => set({ [key]: e.target.value })}
      />
    </label>
  );
  const isHistogram = draft.kind === 'histogram';
  return (
    <>
      {isHistogram && text('metric', 'Histogram, without _bucket', 'http_request_duration_seconds')}
      {isHistogram && text('match', 'Labels that its series have', 'job="shop"', false)}
      {(isHistogram || draft.kind === 'latency') && (
        <label className="field">
          In time is within, in ms{isHistogram && ' (one of the histogram’s bounds)'}
          <input
            className="input"
            required
            type="number"
            inputMode="decimal"
            step="any"
            min={0.001}
            max={3_600_000}
            value={draft.limit}
            onChange={(e) => set({ limit: e.target.value })}
          />
        </label>
      )}
      {draft.kind === 'events' && text('good', 'Good ones a second', 'sum(rate(paid_total{result="ok"}[5m]))')}
      {draft.kind === 'events' && text('total', 'All a second', 'sum(rate(paid_total[5m]))')}
    </>
  );
}

export function RemoveObjectiveDialog({ objective, onClose }: { objective: ObjectiveItem; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => call('removeObjective', { params: { id: objective.id } }),
    onSuccess: () => {
      readAnew();
      onClose();
    },
  });
  return (
    <AskForm
      title={`Remove “${objective.name}”`}
      button="Remove"
      danger
      sent={remove}
      onSubmit={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        It is counted no more, nobody is told of its budget, and its open alerts end. What was counted stays as series.
        Made again under this name it begins anew.
      </p>
    </AskForm>
  );
}
