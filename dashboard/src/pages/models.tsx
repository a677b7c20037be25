import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearch } from 'wouter';
import type { ModelSummary, PredictionView } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { amount, count, duration, percent, span } from '../format.ts';
import { PartStateMark, SeverityMark } from '../parts/marks.tsx';
import { Drawer } from '../parts/sheet.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Time } from '../parts/time.tsx';
import { setParams } from '../range.ts';
import { Records } from './models-records.tsx';

/** How often each model was right, the models, and the ledger's rows. */
export function ModelsPage() {
  const ledger = useApi('ledger');
  const overview = useApi('overview');
  return (
    <div className="stack">
      <div className="lede">
        <h1>{overview.data?.trackRecord.sentence ?? 'Models and ledger'}</h1>
        <p className="small muted">
          Every prediction is kept and judged when it falls due. What stands here is counted, not claimed.
        </p>
      </div>
      <section aria-labelledby="ledger">
        <div className="head">
          <h2 id="ledger">Track record</h2>
        </div>
        <Loaded answer={ledger}>{({ items }) => <Records items={items} />}</Loaded>
      </section>
      <Models />
      <Predictions />
    </div>
  );
}

const modelFacts: readonly Column<ModelSummary>[] = [
  { title: 'Host', cell: (m) => m.entityName },
  {
    title: 'State',
    cell: (m) => (
      <>
        <PartStateMark state={m.health} />
        {m.health !== 'good' && <span className="below">{m.healthReason}</span>}
      </>
    ),
  },
  { title: 'Version', figures: true, cell: (m) => m.version },
  { title: 'Trained', figures: true, cell: (m) => <Time at={m.trainedAt} /> },
  { title: 'Samples', figures: true, cell: (m) => count(m.sampleCount) },
  { title: 'Size', figures: true, cell: (m) => amount(m.sizeBytes, 'bytes') },
  { title: 'Next training', figures: true, cell: (m) => <Time at={m.nextTrainingAt} relative /> },
];

function Models() {
  const models = useApi('models');
  const [open, setOpen] = useState<ModelSummary | null>(null);
  return (
    <section aria-labelledby="models">
      <div className="head">
        <h2 id="models">Models</h2>
      </div>
      <Loaded answer={models}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="card flush">
              <Nothing title="No model yet">
                Models train by themselves when there are enough data. To train at once:{' '}
                <code>auspex train --force</code>
              </Nothing>
            </div>
          ) : (
            <Table
              name="Models"
              rows={items}
              keyOf={(m) => `${m.name}/${m.entityId}`}
              goes
              columns={[
                {
                  title: 'Model',
                  cell: (m) => (
                    <>
                      <button type="button" className="link" data-row="" onClick={() => setOpen(m)}>
                        {m.name}
                      </button>
                      <span className="below">{m.algorithm}</span>
                    </>
                  ),
                },
                ...modelFacts,
              ]}
            />
          )
        }
      </Loaded>
      {open !== null && <ModelWhy model={open} onClose={() => setOpen(null)} />}
    </section>
  );
}

function readModelsAgain(): void {
  void queries
    .invalidateQueries({ queryKey: ['model'] })
    .then(() => queries.invalidateQueries({ queryKey: ['models'] }));
}

function ModelWhy({ model: m, onClose }: { model: ModelSummary; onClose: () => void }) {
  const versions = useApi('model', { params: { name: m.name }, query: { entity: m.entityId } });
  const train = useMutation({
    mutationFn: () => call('trainModel', { params: { name: m.name }, body: { entity: m.entityId, force: true } }),
    onSuccess: readModelsAgain,
  });
  const promote = useMutation({
    mutationFn: (version: number) =>
      call('promoteModel', { params: { name: m.name }, body: { entity: m.entityId, version } }),
    onSuccess: readModelsAgain,
  });
  const failed = train.error ?? promote.error;
  return (
    <Drawer
      open
      onClose={onClose}
      above={<p className="small muted">{`${m.algorithm} of ${m.entityName}`}</p>}
      title={`${m.name}, version ${m.version}`}
    >
      <p className="row">
        <PartStateMark state={m.health} /> {m.healthReason}
      </p>
      {m.fault !== null && <p>{m.fault}</p>}
      <dl className="facts">
        <div>
          <dt>Learnt from</dt>
          <dd>
            <Time at={m.trainedFromAt} /> – <Time at={m.trainedToAt} />
          </dd>
        </div>
        <div>
          <dt>Samples</dt>
          <dd>{count(m.sampleCount)}</dd>
        </div>
        <div>
          <dt>Training took</dt>
          <dd>{duration(m.trainingMs)}</dd>
        </div>
        {Object.entries(m.metrics).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{amount(value, '')}</dd>
          </div>
        ))}
      </dl>
      <section>
        <h3>Features</h3>
        <p className="muted">{m.featureNames.join(', ')}</p>
      </section>
      <section>
        <h3>Versions</h3>
        <Loaded answer={versions}>
          {({ items }) => (
            <ul className="card flush rows">
              {items.map((v) => (
                <li key={v.version} className="line score">
                  <span>
                    Version {v.version} <span className="muted">{v.status}</span>
                  </span>
                  {v.status === 'previous' ? (
                    <button
                      type="button"
                      className="link"
                      disabled={promote.isPending}
                      onClick={() => promote.mutate(v.version)}
                    >
                      Let it serve
                    </button>
                  ) : (
                    <span />
                  )}
                  <span className="small muted wide">
                    trained <Time at={v.trainedAt} /> on {count(v.sampleCount)} samples, {amount(v.sizeBytes, 'bytes')},
                    checksum <code>{v.checksum.slice(0, 12)}</code>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </section>
      <section className="card stack tight">
        <h3>Train now</h3>
        <p className="muted">
          Trains {m.name} of {m.entityName} from what is stored. This version serves until the new one is ready and
          stays as the previous one; you can let it serve again above.
        </p>
        {train.data !== undefined && <p role="status">{train.data.items.map((r) => r.reason).join(' ')}</p>}
        {failed !== null && <ProblemNotice problem={ProblemError.from(failed).problem} />}
        <div>
          <button type="button" className="button" disabled={train.isPending} onClick={() => train.mutate()}>
            {train.isPending ? 'Training …' : 'Train now'}
          </button>
        </div>
      </section>
    </Drawer>
  );
}

const outcomes = ['pending', 'true', 'false', 'averted', 'unknown'] as const;
const outcomeWords: Readonly<Record<PredictionView['outcome'], readonly ['none' | 'medium' | 'high', string]>> = {
  pending: ['none', 'waiting'],
  true: ['none', 'held'],
  false: ['medium', 'missed'],
  averted: ['none', 'averted'],
  unknown: ['none', 'unknown'],
};

const predictionFacts: readonly Column<PredictionView>[] = [
  {
    title: 'What',
    cell: (p) => (
      <>
        {p.component} <span className="muted">on {p.entityName}</span>
        <span className="below">
          {p.model}, version {p.modelVersion}
        </span>
      </>
    ),
  },
  { title: 'Made', figures: true, cell: (p) => <Time at={p.madeAt} /> },
  { title: 'Due', figures: true, cell: (p) => <Time at={p.dueAt} /> },
  {
    title: 'Foretold',
    figures: true,
    cell: (p) => (
      <>
        {amount(p.value, p.unit)}
        <span className="below">
          {p.rule.kind === 'interval' ? span(p.rule.lower, p.rule.upper, p.unit) : p.rule.event}
        </span>
      </>
    ),
  },
  { title: 'Chance', figures: true, cell: (p) => percent(p.probability) },
  { title: 'Came', figures: true, cell: (p) => amount(p.actual, p.unit) },
  {
    title: 'Outcome',
    cell: (p) => <SeverityMark severity={outcomeWords[p.outcome][0]}>{outcomeWords[p.outcome][1]}</SeverityMark>,
  },
];

function Predictions() {
  const params = new URLSearchParams(useSearch());
  const outcome = params.get('outcome') ?? '';
  const rows = useApi('predictions', { query: { limit: 50, outcome: outcome === '' ? undefined : outcome } });
  return (
    <section aria-labelledby="rows">
      <div className="head">
        <h2 id="rows">Latest predictions</h2>
        <select
          className="input"
          aria-label="Outcome"
          value={outcome}
          onChange={(e) => setParams({ outcome: e.target.value || null }, true)}
        >
          <option value="">Any outcome</option>
          {outcomes.map((o) => (
            <option key={o} value={o}>
              {outcomeWords[o][1]}
            </option>
          ))}
        </select>
      </div>
      <Loaded answer={rows}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="card flush">
              <Nothing title="No predictions here" />
            </div>
          ) : (
            <Table name="Latest predictions" rows={items} keyOf={(p) => p.id} columns={predictionFacts} />
          )
        }
      </Loaded>
    </section>
  );
}
