import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearch } from 'wouter';
import type { ModelSummary, PredictionView, TrackRecordView } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { amount, count, duration, percent, span } from '../format.ts';
import { PartStateMark, SeverityMark } from '../parts/marks.tsx';
import { Drawer } from '../parts/sheet.tsx';
import { Loaded, Nothing, ProblemNotice } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { setParams } from '../range.ts';

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

function Records({ items }: { items: readonly TrackRecordView[] }) {
  const [open, setOpen] = useState<TrackRecordView | null>(null);
  if (items.length === 0)
    return (
      <div className="card flush">
        <Nothing title="Nothing foretold yet">
          The first predictions are made once a model has learnt; the first are judged 15 minutes later.
        </Nothing>
      </div>
    );
  return (
    <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="Track record, table">
      <table className="cards">
        <thead>
          <tr>
            <th>Model</th>
            <th className="n">Ahead</th>
            <th className="n">Held</th>
            <th className="n">Stated</th>
            <th className="n">Observed</th>
            <th className="n">Against “nothing changes”</th>
            <th className="n">Waiting</th>
          </tr>
        </thead>
        <tbody>
          {items.map((r) => (
            <tr key={`${r.type}/${r.model}/${r.horizonSeconds}/${r.entityId ?? ''}`} className="goes">
              <td>
                <button type="button" className="link" data-row="" onClick={() => setOpen(r)}>
                  {r.model}
                </button>
                <span className="below">{r.type}</span>
              </td>
              <td className="n" data-name="Ahead">
                {duration(r.horizonSeconds * 1000)}
              </td>
              <td className="n" data-name="Held">
                {r.scored === 0 ? <span className="muted">none due</span> : `${count(r.held)} of ${count(r.scored)}`}
              </td>
              <td className="n" data-name="Stated">
                {percent(r.stated)}
              </td>
              <td className="n strong" data-name="Observed">
                {percent(r.observed)}
              </td>
              <td className="n" data-name="Against “nothing changes”">
                {againstBaseline(r)}
              </td>
              <td className="n muted" data-name="Waiting">
                {count(r.pending)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {open !== null && <RecordWhy record={open} onClose={() => setOpen(null)} />}
    </div>
  );
}

/** The error beside that of the simplest forecast, as a share: errors of different metrics have different units. */
function againstBaseline(r: TrackRecordView): string {
  if (r.meanAbsoluteError === null || r.baselineMeanAbsoluteError === null || r.baselineMeanAbsoluteError === 0)
    return '–';
  const share = 1 - r.meanAbsoluteError / r.baselineMeanAbsoluteError;
  if (Math.abs(share) < 0.005) return 'equal';
  return share > 0 ? `${percent(share)} less error` : `${percent(-share)} more error`;
}

function calibrationText(r: TrackRecordView): string {
  if (r.stated === null || r.observed === null || r.scored < 50)
    return 'Too few have fallen due to say whether the confidence is honest (50 are needed).';
  const gap = r.observed - r.stated;
  if (Math.abs(gap) < 0.03) return 'Stated and observed agree: its confidence can be taken at its word.';
  return gap < 0
    ? `It is surer than it should be: it said ${percent(r.stated)}, ${percent(r.observed)} held.`
    : `It is more careful than it need be: it said ${percent(r.stated)}, ${percent(r.observed)} held.`;
}

function RecordWhy({ record: r, onClose }: { record: TrackRecordView; onClose: () => void }) {
  return (
    <Drawer
      open
      onClose={onClose}
      above={<p className="small muted">{`${r.model}, ${r.type}, ${duration(r.horizonSeconds * 1000)} ahead`}</p>}
      title={r.sentence}
    >
      <p>{calibrationText(r)}</p>
      <dl className="facts">
        <div>
          <dt>Fell due and judged</dt>
          <dd>{count(r.scored)}</dd>
        </div>
        <div>
          <dt>Held</dt>
          <dd>{count(r.held)}</dd>
        </div>
        <div>
          <dt>Averted by an action</dt>
          <dd>{count(r.averted)}</dd>
        </div>
        <div>
          <dt>Could not be judged</dt>
          <dd>{count(r.unknown)}</dd>
        </div>
        <div>
          <dt>Wait for their time</dt>
          <dd>{count(r.pending)}</dd>
        </div>
        <div>
          <dt>Calibration error</dt>
          <dd>{r.calibrationError === null ? 'needs 50 judged' : r.calibrationError.toFixed(3)}</dd>
        </div>
        <div>
          <dt>Mean error, in the metric’s unit</dt>
          <dd>{r.meanAbsoluteError === null ? '–' : amount(r.meanAbsoluteError, '')}</dd>
        </div>
        <div>
          <dt>The same if nothing changed</dt>
          <dd>{r.baselineMeanAbsoluteError === null ? '–' : amount(r.baselineMeanAbsoluteError, '')}</dd>
        </div>
      </dl>
      <p className="muted">
        A prediction of a range holds when the value lay in it; of an event, when it happened in time. Averted ones are
        kept out of the count.
      </p>
    </Drawer>
  );
}

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
            <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="Models, table">
              <table className="cards">
                <thead>
                  <tr>
                    <th>Model</th>
                    <th>Host</th>
                    <th>State</th>
                    <th className="n">Version</th>
                    <th className="n">Trained</th>
                    <th className="n">Samples</th>
                    <th className="n">Size</th>
                    <th className="n">Next training</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((m) => (
                    <tr key={`${m.name}/${m.entityId}`} className="goes">
                      <td>
                        <button type="button" className="link" data-row="" onClick={() => setOpen(m)}>
                          {m.name}
                        </button>
                        <span className="below">{m.algorithm}</span>
                      </td>
                      <td data-name="Host">{m.entityName}</td>
                      <td data-name="State">
                        <PartStateMark state={m.health} />
                        {m.health !== 'good' && <span className="below">{m.healthReason}</span>}
                      </td>
                      <td className="n" data-name="Version">
                        {m.version}
                      </td>
                      <td className="n" data-name="Trained">
                        <Time at={m.trainedAt} />
                      </td>
                      <td className="n" data-name="Samples">
                        {count(m.sampleCount)}
                      </td>
                      <td className="n" data-name="Size">
                        {amount(m.sizeBytes, 'bytes')}
                      </td>
                      <td className="n" data-name="Next training">
                        <Time at={m.nextTrainingAt} relative />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      {open !== null && <ModelWhy model={open} onClose={() => setOpen(null)} />}
    </section>
  );
}

function ModelWhy({ model: m, onClose }: { model: ModelSummary; onClose: () => void }) {
  const versions = useApi('model', { params: { name: m.name }, query: { entity: m.entityId } });
  const train = useMutation({
    mutationFn: () => call('trainModel', { params: { name: m.name }, body: { entity: m.entityId, force: true } }),
    onSuccess: () =>
      void queries
        .invalidateQueries({ queryKey: ['model'] })
        .then(() => queries.invalidateQueries({ queryKey: ['models'] })),
  });
  const promote = useMutation({
    mutationFn: (version: number) =>
      call('promoteModel', { params: { name: m.name }, body: { entity: m.entityId, version } }),
    onSuccess: () =>
      void queries
        .invalidateQueries({ queryKey: ['model'] })
        .then(() => queries.invalidateQueries({ queryKey: ['models'] })),
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
            <div className="card flush table-wrap" tabIndex={0} role="region" aria-label="Latest predictions, table">
              <table className="cards">
                <thead>
                  <tr>
                    <th>What</th>
                    <th className="n">Made</th>
                    <th className="n">Due</th>
                    <th className="n">Foretold</th>
                    <th className="n">Chance</th>
                    <th className="n">Came</th>
                    <th>Outcome</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((p) => (
                    <tr key={p.id}>
                      <td>
                        {p.component} <span className="muted">on {p.entityName}</span>
                        <span className="below">
                          {p.model}, version {p.modelVersion}
                        </span>
                      </td>
                      <td className="n" data-name="Made">
                        <Time at={p.madeAt} />
                      </td>
                      <td className="n" data-name="Due">
                        <Time at={p.dueAt} />
                      </td>
                      <td className="n" data-name="Foretold">
                        {amount(p.value, p.unit)}
                        <span className="below">
                          {p.rule.kind === 'interval' ? span(p.rule.lower, p.rule.upper, p.unit) : p.rule.event}
                        </span>
                      </td>
                      <td className="n" data-name="Chance">
                        {percent(p.probability)}
                      </td>
                      <td className="n" data-name="Came">
                        {amount(p.actual, p.unit)}
                      </td>
                      <td data-name="Outcome">
                        <SeverityMark severity={outcomeWords[p.outcome][0]}>{outcomeWords[p.outcome][1]}</SeverityMark>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </section>
  );
}
