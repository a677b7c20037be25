import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { Chart as ChartData } from '../../../src/api/contract/index.ts';
import { call, ProblemError, queries, useApi } from '../api.ts';
import { onSamples } from '../live.ts';
import { useRange } from '../range.ts';
import { Chart, plottedFrom } from './chart.tsx';
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

/** A chart of series over the page's range, or over a fixed one, with its skeleton and its problem. */
export function RangeChart({
  title,
  query,
  height = 172,
  fixed,
}: {
  title: string;
  query: Readonly<Record<string, string | number | undefined>>;
  height?: number;
  fixed?: { readonly from: string; readonly to: string };
}) {
  const ranged = useRangeChart(query, fixed === undefined);
  const still = useApi('chart', { query: { ...query, ...fixed } }, { enabled: fixed !== undefined });
  const data = fixed === undefined ? ranged.data : still.data;
  const problem =
    fixed !== undefined ? still.problem : ranged.error === null ? null : ProblemError.from(ranged.error).problem;
  const plotted = useMemo(() => (data === undefined ? undefined : plottedFrom(data)), [data]);
  if (problem !== null) return <ProblemNotice problem={problem} />;
  if (plotted === undefined) return <span className="skeleton chart" />;
  return <Chart title={title} data={plotted} height={height} />;
}
