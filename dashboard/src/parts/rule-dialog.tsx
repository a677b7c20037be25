import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call, queries } from '../api.ts';
import { draftOf, type Import, lastingChoices, newRule, type RuleDraft, ruleFileOf } from '../rule-words.ts';
import { AskForm } from './ask-form.tsx';
import { TrialResult, TrialSpan } from './rule-trial.tsx';

const severities = ['medium', 'high', 'critical'] as const;

export function readRulesAnew(): void {
  for (const key of ['rules', 'alerts']) void queries.invalidateQueries({ queryKey: [key] });
}

/** Makes a rule, or changes one that was made here: it is tried on the past before it is kept. */
export function RuleDialog({
  made,
  imports,
  onClose,
}: {
  made: Import | null;
  imports: readonly Import[];
  onClose: () => void;
}) {
  const [draft, setDraft] = useState<RuleDraft>(() => {
    const rule = made?.rules[0];
    return rule === undefined ? newRule : draftOf(rule);
  });
  const [days, setDays] = useState(1);
  const trial = useMutation({
    mutationFn: () => call('tryRule', { body: { expression: draft.expression, forSeconds: draft.forSeconds, days } }),
  });
  const save = useMutation({
    mutationFn: () =>
      call('importRules', {
        query: { name: draft.name },
        text: { type: 'application/yaml', content: ruleFileOf(draft) },
      }),
    onSuccess: () => {
      readRulesAnew();
      onClose();
    },
  });
  const set = (change: Partial<RuleDraft>) => {
    setDraft((before) => ({ ...before, ...change }));
    save.reset();
    // Another name or other words fire at the same times.
    if ('expression' in change || 'forSeconds' in change) trial.reset();
  };
  const isTaken = made === null && imports.some(({ name }) => name === draft.name);
  const isTried = trial.data !== undefined;
  const keep = made === null ? 'Add it' : 'Change it';
  return (
    <AskForm
      title={made === null ? 'A new rule' : `Change “${made.name}”`}
      button={isTried ? keep : trial.isPending ? 'Trying …' : 'Try it'}
      ready={!isTaken}
      sent={{ error: save.error ?? trial.error, isPending: save.isPending || trial.isPending }}
      onSubmit={() => (isTried ? save.mutate() : trial.mutate())}
      onClose={onClose}
    >
      <Fields draft={draft} set={set} isNew={made === null} isTaken={isTaken} />
      <div className="row">
        <span className="small muted">Tried on the last</span>
        <TrialSpan
          days={days}
          onChange={(next) => {
            setDays(next);
            trial.reset();
          }}
        />
      </div>
      {trial.data === undefined ? (
        <p>First it is tried on the samples that are kept; nobody is told of that.</p>
      ) : (
        <>
          <TrialResult trial={trial.data} />
          <p>
            From then on it is looked at once a minute, and people are told as of any alert. Remove it here to take it
            back.
          </p>
        </>
      )}
    </AskForm>
  );
}

function Fields({
  draft,
  set,
  isNew,
  isTaken,
}: {
  draft: RuleDraft;
  set: (change: Partial<RuleDraft>) => void;
  isNew: boolean;
  isTaken: boolean;
}) {
  return (
    <>
      <label className="field">
        Name (letters, digits, dots, dashes)
        <input
          className="input"
          required
          maxLength={64}
          pattern="[A-Za-z0-9_.\-]+"
          disabled={!isNew}
          value={draft.name}
          aria-invalid={isTaken}
          onChange={(e) => set({ name: e.target.value })}
        />
      </label>
      {isTaken && <p role="alert">Something was imported as “{draft.name}” already; choose another name.</p>}
      <label className="field">
        It fires where this expression (PromQL) gives a value
        <textarea
          className="input mono"
          required
          rows={3}
          maxLength={20_000}
          placeholder="queue_length > 100"
          value={draft.expression}
          onChange={(e) => set({ expression: e.target.value })}
        />
      </label>
      <div className="field-pair">
        <label className="field">
          and has lasted
          <select
            className="input"
            value={draft.forSeconds}
            onChange={(e) => set({ forSeconds: Number(e.target.value) })}
          >
            {lastingChoices(draft.forSeconds).map(([seconds, words]) => (
              <option key={seconds} value={seconds}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          Severity
          <select
            className="input"
            value={draft.severity}
            onChange={(e) => set({ severity: severities.find((one) => one === e.target.value) ?? 'high' })}
          >
            {severities.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      <label className="field">
        What people read
        <input
          className="input"
          maxLength={1000}
          placeholder="{{ $labels.instance }} has {{ $value }} jobs waiting"
          value={draft.summary}
          onChange={(e) => set({ summary: e.target.value })}
        />
      </label>
    </>
  );
}
