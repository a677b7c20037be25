import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { FileRuleView, OperationOutput, RuleProblemView } from '../../../src/api/contract/index.ts';
import { call, ProblemError, useApi } from '../api.ts';
import { duration } from '../format.ts';
import { SeverityMark } from '../parts/marks.tsx';
import { Prose } from '../parts/prose.tsx';
import { TrialResult, TrialSpan } from '../parts/rule-trial.tsx';
import { Modal } from '../parts/sheet.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';
import { ImportedRules } from './alerts-imports.tsx';

type Rule = OperationOutput<'alertRules'>['items'][number];

const sources = { starter: 'starter set', configuration: 'own' } as const;

/** Every rule: those of files with how they fare, what is wrong with files, then the starter set and own ones. */
export function Rules() {
  const files = useApi('rules');
  const own = useApi('alertRules');
  const [tried, setTried] = useState<FileRuleView | null>(null);
  return (
    <>
      <Loaded answer={files}>
        {({ items, problems }) => (
          <>
            {problems.length > 0 && <Problems items={problems} />}
            <section aria-labelledby="file-rules">
              <div className="head">
                <h2 id="file-rules">Of rule files</h2>
              </div>
              {items.length === 0 ? (
                <div className="card flush">
                  <Nothing title="No rule file is read.">
                    Name your Prometheus rule files under <code>alerts.ruleFiles</code> in the configuration, import
                    one, or add a rule here.
                  </Nothing>
                </div>
              ) : (
                <FileRules items={items} onTry={setTried} />
              )}
            </section>
            <ImportedRules rules={items} />
          </>
        )}
      </Loaded>
      <Loaded answer={own}>
        {({ items }) => (
          <section aria-labelledby="own-rules">
            <div className="head">
              <h2 id="own-rules">Starter set and own</h2>
            </div>
            <Table<Rule>
              name="Starter set and own rules"
              rows={items}
              keyOf={(rule) => rule.name}
              columns={[
                { title: 'Rule', look: 'strong', cell: (rule) => rule.name },
                { title: 'Severity', cell: (rule) => <SeverityMark severity={rule.severity} /> },
                { title: 'Condition', cell: (rule) => <Prose text={rule.condition} /> },
                {
                  title: 'From',
                  look: 'muted',
                  cell: (rule) => <span className="nowrap">{sources[rule.source]}</span>,
                },
                { title: 'State', cell: (rule) => (rule.enabled ? 'on' : 'switched off') },
              ]}
            />
          </section>
        )}
      </Loaded>
      {tried !== null && <TryDialog rule={tried} onClose={() => setTried(null)} />}
    </>
  );
}

function Problems({ items }: { items: readonly RuleProblemView[] }) {
  const faults = items.filter(({ kind }) => kind === 'fault').length;
  return (
    <section aria-labelledby="rule-problems" className="card">
      <h2 id="rule-problems">
        {faults > 0
          ? `${faults} ${faults === 1 ? 'fault' : 'faults'} in rule files; what they are in does not run`
          : 'Notes on rule files; the rules run'}
      </h2>
      <ul className="bullets">
        {items.map((problem) => (
          <li key={`${problem.file}:${problem.line}:${problem.message}`} className="anywhere">
            <code>
              {problem.file}:{problem.line}
            </code>{' '}
            {problem.rule !== null && <strong>{problem.rule}: </strong>}
            {problem.message}
          </li>
        ))}
      </ul>
    </section>
  );
}

const marks = { ok: 'none', waiting: 'none', slow: 'medium', failed: 'high' } as const;

function stateText({ state, kind, found }: FileRuleView): string {
  if (state !== 'ok') return state;
  if (kind === 'record') return found === 1 ? 'writes 1 series' : `writes ${found} series`;
  return found === 0 ? 'holds nowhere' : `holds for ${found}`;
}

function FileRules({ items, onTry }: { items: readonly FileRuleView[]; onTry: (rule: FileRuleView) => void }) {
  return (
    <Table<FileRuleView>
      name="Rules of files"
      rows={items}
      keyOf={(rule) => `${rule.file}:${rule.line}:${rule.name}`}
      columns={[
        {
          title: 'Rule',
          cell: (rule) => (
            <>
              <strong className="anywhere">{rule.name}</strong>
              <span className="below small muted anywhere">{rule.expression}</span>
            </>
          ),
        },
        {
          title: 'Severity',
          cell: (rule) =>
            rule.kind === 'record' ? (
              'records'
            ) : rule.severity === null ? (
              'asks for nobody'
            ) : (
              <SeverityMark severity={rule.severity} />
            ),
        },
        {
          title: 'State',
          cell: (rule) => (
            <>
              <SeverityMark severity={marks[rule.state]}>{stateText(rule)}</SeverityMark>
              {rule.message !== '' && <span className="below small anywhere">{rule.message}</span>}
            </>
          ),
        },
        {
          title: 'Lasts',
          figures: true,
          cell: (rule) =>
            rule.kind === 'record' ? '–' : rule.forSeconds === 0 ? 'at once' : duration(rule.forSeconds * 1000),
        },
        { title: 'Evaluated', cell: (rule) => <Time at={rule.lastEvaluatedAt} seconds /> },
        {
          title: 'From',
          look: 'muted',
          cell: (rule) => (
            <span className="small nowrap" title={rule.file}>
              {rule.file.split('/').at(-1)}:{rule.line}
            </span>
          ),
        },
        {
          title: 'Try',
          cell: (rule) =>
            rule.kind === 'alert' && (
              <button
                type="button"
                className="button"
                onClick={() => onTry(rule)}
                aria-label={`Try ${rule.name} on the past`}
              >
                Try …
              </button>
            ),
        },
      ]}
    />
  );
}

function TryDialog({ rule, onClose }: { rule: FileRuleView; onClose: () => void }) {
  const [days, setDays] = useState<number>(1);
  const trial = useMutation({
    mutationFn: () => call('tryRule', { body: { expression: rule.expression, forSeconds: rule.forSeconds, days } }),
  });
  return (
    <Modal open onClose={onClose} title={`Try ${rule.name}`}>
      <div className="form">
        <p>When would it have fired, by the samples that are kept? Nobody is told of it.</p>
        <TrialSpan days={days} onChange={setDays} />
        {trial.data !== undefined && <TrialResult trial={trial.data} />}
        {trial.error !== null && <ProblemNotice problem={ProblemError.from(trial.error).problem} />}
        <div className="row">
          <button type="button" className="button main" disabled={trial.isPending} onClick={() => trial.mutate()}>
            {trial.isPending ? 'Trying …' : 'Try it'}
          </button>
          <button type="button" className="button quiet" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Modal>
  );
}
