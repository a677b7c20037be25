import { useState } from 'react';
import type { TrackRecordView } from '../../../src/api/contract/index.ts';
import { amount, count, duration, percent } from '../format.ts';
import { Drawer } from '../parts/sheet.tsx';
import { Nothing } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';

const recordFigures: readonly Column<TrackRecordView>[] = [
  { title: 'Ahead', figures: true, cell: (r) => duration(r.horizonSeconds * 1000) },
  {
    title: 'Held',
    figures: true,
    cell: (r) => (r.scored === 0 ? <span className="muted">none due</span> : `${count(r.held)} of ${count(r.scored)}`),
  },
  { title: 'Stated', figures: true, cell: (r) => percent(r.stated) },
  { title: 'Observed', figures: true, look: 'strong', cell: (r) => percent(r.observed) },
  { title: 'Against “nothing changes”', figures: true, cell: againstBaseline },
  { title: 'Waiting', figures: true, look: 'muted', cell: (r) => count(r.pending) },
];

/** How often each model was right, and why for the one that is asked after. */
export function Records({ items }: { items: readonly TrackRecordView[] }) {
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
    <>
      <Table
        name="Track record"
        rows={items}
        keyOf={(r) => `${r.type}/${r.model}/${r.horizonSeconds}/${r.entityId ?? ''}`}
        goes
        columns={[
          {
            title: 'Model',
            cell: (r) => (
              <>
                <button type="button" className="link" data-row="" onClick={() => setOpen(r)}>
                  {r.model}
                </button>
                <span className="below">{r.type}</span>
              </>
            ),
          },
          ...recordFigures,
        ]}
      />
      {open !== null && <RecordWhy record={open} onClose={() => setOpen(null)} />}
    </>
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
