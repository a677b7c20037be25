import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { Chart as ChartData } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { onSamples } from '../live.ts';
import { type Range, useRange } from '../range.ts';
import { Chart, type Dot, type Plotted, plottedFrom } from './chart.tsx';
import type { Band } from './chart-band.ts';
import { ProblemNotice } from './states.tsx';

/** What the page's range shows of some series. A range that moves is read again when samples came, as seldom as its steps allow. */
export function useRangeChart(query: Readonly<Record<string, string | number | undefined>>, enabled = true) {
  const range = useRange();
  const span = range.toMs - range.fromMs;
  const pause = Math.max(10_000, span / 360);
  const result = useQuery<ChartData>({
    queryKey: ['chart', query, range.key],
    queryFn: ({ signal }) => {
      const to = range.last === null ? range.toMs : Date.now();
      const at = { from: new Date(to - span).toISOString(), to: new Date(to).toISOString() };
      return call('chart', { query: { ...query, ...at }, signal });
    },
    enabled,
    staleTime: range.last === null ? Infinity : pause,
    placeholderData: keepPreviousData,
  });
  const moving = range.last !== null && enabled;
  const key = JSON.stringify(query);
  useEffect(() => {
    if (!moving) return;
    let readAt = Date.now();
    return onSamples(() => {
      if (document.hidden || Date.now() - readAt < pause) return;
      readAt = Date.now();
      void queries.invalidateQueries({ queryKey: ['chart', JSON.parse(key) as object, range.key] });
    });
  }, [moving, pause, key, range.key]);
  return result;
}

/** Between two readings what is usual now ends the band, so it may be a little old. */
const PAUSE_MS = 120_000;

/** What is asked of one series over a range, again after each pause while the range goes on; null while it is not there, and for no series. */
function useOfSeries<T>(
  operation: string,
  { ref, range, pause }: { readonly ref: number | undefined; readonly range: Range; readonly pause: number },
  ask: (query: { readonly ref: number; readonly from: string; readonly to: string }, signal: AbortSignal) => Promise<T>,
): T | null {
  const { data } = useQuery({
    queryKey: [operation, ref, range.key],
    queryFn: async ({ signal }) => {
      const to = range.last === null ? range.toMs : Date.now();
      const from = new Date(to - (range.toMs - range.fromMs)).toISOString();
      return { of: ref, answer: await ask({ ref: ref ?? 0, from, to: new Date(to).toISOString() }, signal) };
    },
    enabled: ref !== undefined,
    staleTime: range.last === null ? Infinity : pause,
    refetchInterval: range.last === null ? false : pause,
  });
  // While another series' answer is on its way the last one's is still held.
  return data !== undefined && data.of === ref ? data.answer : null;
}

/** The band of one series over a range; null while it is not there, and for no series. */
export function useBand(ref: number | undefined, range: Range): Band | null {
  const pause = Math.max(PAUSE_MS, (range.toMs - range.fromMs) / 60);
  return useOfSeries('chartBand', { ref, range, pause }, async (query, signal) => {
    const { timesMs, lower, upper } = await call('chartBand', { query, signal });
    return { times: timesMs, lower, upper };
  });
}

/** One array for no dots, so that the chart is not drawn anew. */
const none: readonly Dot[] = [];

/** The values of one series that were unusual by those before them; none while they are not there, and for no series. */
export function useDots(ref: number | undefined, range: Range): readonly Dot[] {
  const dots = useOfSeries('seriesScores', { ref, range, pause: PAUSE_MS }, async (at, signal) => {
    const query = { ...at, only: 'anomalies', limit: 200 };
    const { timesMs, values, severity } = await call('seriesScores', { query, signal });
    return timesMs.map((atMs, i) => ({ atMs, value: values[i] ?? 0, severity: severity[i] ?? 'medium' }));
  });
  return dots ?? none;
}

const noMarks: Plotted['marks'] = [];

/** A chart of series over the page's range, or over a fixed one, with its skeleton and its problem. */
export function RangeChart({
  title,
  query,
  height = 172,
  fixed,
  marks = noMarks,
}: {
  /** By what it is drawn of, where that alone says it. */
  title: string | ((chart: ChartData) => string);
  query: Readonly<Record<string, string | number | undefined>>;
  height?: number;
  fixed?: { readonly from: string; readonly to: string };
  /** What the server does not know of. */
  marks?: Plotted['marks'];
}) {
  const ranged = useRangeChart(query, fixed === undefined);
  const still = useApi('chart', { query: { ...query, ...fixed } }, { enabled: fixed !== undefined });
  const data = fixed === undefined ? ranged.data : still.data;
  const problem =
    fixed !== undefined ? still.problem : ranged.error === null ? null : ProblemError.from(ranged.error).problem;
  const range = useRange();
  const band = useBand(
    data?.series.length === 1 ? data.series[0]?.ref : undefined,
    fixed === undefined ? range : fixedRange(fixed),
  );
  const key = JSON.stringify(marks);
  const plotted = useMemo(() => {
    if (data === undefined) return undefined;
    const own = plottedFrom(data, band);
    return { ...own, marks: [...(JSON.parse(key) as Plotted['marks']), ...own.marks] };
  }, [data, band, key]);
  if (problem !== null) return <ProblemNotice problem={problem} />;
  if (plotted === undefined) return <span className="skeleton chart" />;
  const shown = typeof title === 'string' ? title : data === undefined ? '' : title(data);
  return <Chart title={shown} data={plotted} height={height} />;
}

function fixedRange({ from, to }: { readonly from: string; readonly to: string }) {
  return { last: null, fromMs: Date.parse(from), toMs: Date.parse(to), key: `${from}-${to}` };
}
