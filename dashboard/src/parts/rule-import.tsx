import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { OperationOutput } from '../../../src/api/contract/index.ts';
import { call } from '../api.ts';
import type { Import } from '../rule-words.ts';
import { AskForm } from './ask-form.tsx';
import { readRulesAnew } from './rule-dialog.tsx';

type Held = OperationOutput<'importRules'>;

/** Takes a rule file in, after it is said what it holds. */
export function RuleImport({ imports, onClose }: { imports: readonly Import[]; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState('');
  const send = async (dryRun: 'true' | 'false') =>
    call('importRules', {
      query: { name, dryRun },
      text: { type: 'application/yaml', content: (await file?.text()) ?? '' },
    });
  const check = useMutation({ mutationFn: () => send('true') });
  const take = useMutation({
    mutationFn: () => send('false'),
    onSuccess: () => {
      readRulesAnew();
      onClose();
    },
  });
  const reset = () => {
    check.reset();
    take.reset();
  };
  const before = imports.find((one) => one.name === name);
  const isChecked = check.data !== undefined;
  return (
    <AskForm
      title="Import a rule file"
      button={isChecked ? 'Import' : 'Check it'}
      ready={file !== null && (!isChecked || ruleCount(check.data) > 0)}
      sent={{ error: take.error ?? check.error, isPending: take.isPending || check.isPending }}
      onSubmit={() => (isChecked ? take.mutate() : check.mutate())}
      onClose={onClose}
    >
      <label className="field">
        A rule file of Prometheus, 1 MB at most
        <input
          className="input"
          type="file"
          accept=".yaml,.yml,.rules,.json"
          required
          onChange={(e) => {
            const next = e.target.files?.[0] ?? null;
            setFile(next);
            if (next !== null) setName(nameOf(next.name));
            reset();
          }}
        />
      </label>
      <label className="field">
        Name that it goes by (letters, digits, dots, dashes)
        <input
          className="input"
          required
          maxLength={64}
          pattern="[A-Za-z0-9_.\-]+"
          value={name}
          onChange={(e) => {
            setName(e.target.value);
            reset();
          }}
        />
      </label>
      {before !== undefined && (
        <p>
          It replaces what was imported as “{name}”: {before.rules.length}{' '}
          {before.rules.length === 1 ? 'rule' : 'rules'}.
        </p>
      )}
      {check.data !== undefined && <Contents held={check.data} />}
    </AskForm>
  );
}

function Contents({ held }: { held: Held }) {
  const rules = ruleCount(held);
  return (
    <div role="status">
      <p className="strong">
        {rules === 0
          ? 'No rule in it can run.'
          : `${rules} ${rules === 1 ? 'rule' : 'rules'} in ${held.groups.length} ${held.groups.length === 1 ? 'group' : 'groups'} can run.`}
      </p>
      <ul className="bullets">
        {held.problems.slice(0, 10).map(({ line, rule, message, kind }) => (
          <li key={`${line} ${message}`} className="anywhere">
            Line {line}
            {rule !== null && `, ${rule}`}: {message}
            {kind === 'fault' && ' It would not run.'}
          </li>
        ))}
      </ul>
      {held.problems.length > 10 && <p className="small muted">Of {held.problems.length} the first 10 are shown.</p>}
    </div>
  );
}

function ruleCount({ groups }: Held): number {
  return groups.reduce((sum, { rules }) => sum + rules.length, 0);
}

/** A file’s name without its ending, of the characters that a name may have. */
function nameOf(file: string): string {
  return file
    .replace(/\.[^.]*$/, '')
    .replaceAll(/[^\w.-]+/g, '-')
    .slice(0, 64);
}
