import type { StatusView } from '../../../src/api/contract/index.ts';
import { useApi } from '../api.ts';
import { amount, count, duration, percent } from '../format.ts';
import { Meter, PartStateMark } from '../parts/marks.tsx';
import { Loaded, PageSkeleton } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';

const rank = { failed: 0, degraded: 1, stopped: 2, learning: 3, ok: 4 } as const;

/** Auspex's own health: which part, since when, what to do; what it uses of its budget. */
export function StatusPage() {
  const status = useApi('status', {}, { staleTime: 10_000 });
  return (
    <Loaded answer={status} skeleton={<PageSkeleton />}>
      {(data) => <StatusContent data={data} />}
    </Loaded>
  );
}

function StatusContent({ data }: { data: StatusView }) {
  const parts = [...data.components].sort((a, b) => rank[a.state] - rank[b.state] || a.name.localeCompare(b.name));
  const { process, budget, store, ingest } = data;
  return (
    <div className="stack">
      <div className="lede">
        <h1>{data.sentence}</h1>
        <p className="small muted">
          version {data.version}, running since <Time at={data.startedAt} />, home <code>{data.home}</code>
        </p>
      </div>
      <div className="tiles">
        <Tile
          name="Memory"
          value={amount(process.residentBytes, 'bytes')}
          of={`of ${amount(budget.residentBytes, 'bytes')} budget`}
        >
          <Meter value={process.residentBytes} limit={budget.residentBytes} label="Memory" />
        </Tile>
        <Tile name="CPU" value={percent(process.cpuRatio)} of={`of a core, budget ${percent(budget.cpuRatio)}`}>
          <Meter value={process.cpuRatio} limit={budget.cpuRatio} label="CPU" />
        </Tile>
        <Tile name="Disk" value={amount(store.bytes, 'bytes')} of={`of ${amount(store.quotaBytes, 'bytes')} quota`}>
          <Meter value={store.bytes} limit={store.quotaBytes} label="Disk" />
        </Tile>
        <Tile
          name="Taken in"
          value={`${amount(ingest.samplesPerSecond, 'count')}/s`}
          of={`${count(ingest.waiting)} waiting, ${count(ingest.refused)} refused`}
        />
        <Tile
          name="Scored after"
          value={duration(ingest.scoreLagMs)}
          of={`loop delay p99 ${duration(process.loopDelayP99Ms)}`}
        />
        <Tile
          name="Series"
          value={count(store.seriesCount)}
          of={`${count(store.points)} points${store.bytesPerPoint === null ? '' : `, ${store.bytesPerPoint.toFixed(2)} B each`}`}
        />
      </div>
      {!store.accepting && (
        <p className="notice critical">The store takes nothing in now. Reading and alerting go on.</p>
      )}
      <section aria-labelledby="parts">
        <div className="head">
          <h2 id="parts">Parts</h2>
          <span className="small muted">
            stored from <Time at={store.oldestAt} /> to <Time at={store.newestAt} seconds />
          </span>
        </div>
        <ul className="card flush rows">
          {parts.map((part) => (
            <li key={part.name} className="line part">
              <PartStateMark state={part.state} />
              <span className="strong">{part.name}</span>
              <span>
                {part.message}
                {part.remedy !== null && <span className="remedy"> {part.remedy}</span>}
              </span>
              <span className="small muted nowrap">
                since <Time at={part.since} />
              </span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Tile({ name, value, of, children }: { name: string; value: string; of: string; children?: React.ReactNode }) {
  return (
    <div className="card tile">
      <p className="muted">{name}</p>
      <p className="figure">{value}</p>
      {children}
      <p className="small muted">{of}</p>
    </div>
  );
}
