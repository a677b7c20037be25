import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { FileRuleView } from '../../../src/api/contract/index.ts';
import { call } from '../api.ts';
import { AskForm } from '../parts/ask-form.tsx';
import { RuleDialog, readRulesAnew } from '../parts/rule-dialog.tsx';
import { RuleImport } from '../parts/rule-import.tsx';
import { type Import, importsOf } from '../rule-words.ts';
import { useWhyNot } from '../why-not.ts';

type Asked = 'add' | 'import' | { readonly change: Import } | { readonly remove: Import };

/** Rules that were made on the page or imported: added, changed and removed here. */
export function ImportedRules({ rules }: { rules: readonly FileRuleView[] }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const off = useWhyNot('admin');
  const imports = importsOf(rules);
  const close = () => setAsked(null);
  return (
    <section aria-labelledby="imported-rules" className="stack close">
      <div className="head">
        <h2 id="imported-rules">Made here and imported</h2>
      </div>
      {imports.length > 0 && (
        <ul className="card flush rows">
          {imports.map((one) => (
            <li key={one.name} className="neighbour">
              <span>
                <strong className="anywhere">{one.name}</strong>
                <span className="below small muted">{textOf(one)}</span>
              </span>
              <span className="row">
                {one.isMadeHere && (
                  <button
                    type="button"
                    className="button"
                    disabled={off !== null}
                    aria-label={`Change ${one.name}`}
                    onClick={() => setAsked({ change: one })}
                  >
                    Change …
                  </button>
                )}
                <button
                  type="button"
                  className="button quiet"
                  disabled={off !== null}
                  aria-label={`Remove ${one.name}`}
                  onClick={() => setAsked({ remove: one })}
                >
                  Remove …
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        <button type="button" className="button" disabled={off !== null} onClick={() => setAsked('add')}>
          Add a rule …
        </button>
        <button type="button" className="button" disabled={off !== null} onClick={() => setAsked('import')}>
          Import a file …
        </button>
      </div>
      {off !== null && <p className="small">{off}</p>}
      {asked === 'add' && <RuleDialog made={null} imports={imports} onClose={close} />}
      {asked === 'import' && <RuleImport imports={imports} onClose={close} />}
      {typeof asked === 'object' && asked !== null && 'change' in asked && (
        <RuleDialog made={asked.change} imports={imports} onClose={close} />
      )}
      {typeof asked === 'object' && asked !== null && 'remove' in asked && (
        <RemoveImport what={asked.remove} onClose={close} />
      )}
    </section>
  );
}

function textOf({ rules, isMadeHere }: Import): string {
  if (isMadeHere) return 'made here';
  return `imported, ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`;
}

function RemoveImport({ what: { name, rules, isMadeHere }, onClose }: { what: Import; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => call('removeImportedRules', { params: { name } }),
    onSuccess: () => {
      readRulesAnew();
      onClose();
    },
  });
  const count = rules.length === 1 ? 'Its rule is' : `Its ${rules.length} rules are`;
  return (
    <AskForm
      title={`Remove “${name}”`}
      button="Remove"
      danger
      sent={remove}
      onSubmit={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        {count} looked at no more, and open alerts of it end. What it recorded stays.{' '}
        {isMadeHere ? 'Add it anew' : 'Import the file again'} to take it back.
      </p>
    </AskForm>
  );
}
