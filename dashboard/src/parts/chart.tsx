import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Chart as ChartData } from '../../../src/api/contract/index.ts';
import { amount, clock, quantity, span } from '../format.ts';
import { seriesTitle } from '../gauge-metrics.ts';
import { setFixed, zoomBack } from '../range.ts';
import { useTheme } from '../theme.ts';
import { type Band, bandAt, bandUntil, drawBand } from './chart-band.ts';

/** What a chart draws: columns over one time axis, and what stands behind and on them. */
export interface Plotted {
  readonly fromMs: number;
  readonly toMs: number;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** What is usual now, in words beside the title. */
  readonly usual: { readonly lower: number; readonly upper: number } | null;
  /** What was expected over time, behind the line. */
  readonly band: Band | null;
  readonly learning: string | null;
  readonly spans: readonly {
    readonly fromMs: number;
    readonly toMs: number;
    readonly severity: keyof typeof spanColours;
  }[];
  readonly marks: readonly { readonly atMs: number; readonly text: string }[];
  /** Values that were unusual by those before them, on the line. */
  readonly dots: readonly Dot[];
}
export interface Dot {
  readonly atMs: number;
  readonly value: number;
  readonly severity: keyof typeof spanColours;
}
export interface Line {
  readonly title: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** The range inside each step, or a forecast's interval. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  readonly dashed?: boolean;
}

const spanColours = { none: '--ok', medium: '--medium', high: '--high', critical: '--critical' } as const;
export const maxLines = 6;

/** An answer of the API as a chart; the first six series, by their size, the others are the caller's list. */
export function plottedFrom(chart: ChartData, band: Band | null, dots: readonly Dot[] = []): Plotted {
  const toMs = Date.parse(chart.toAt);
  // What is usual now says nothing of a range that ended long ago.
  const expected = Date.now() - toMs < 900_000 ? chart.expected : null;
  const single = chart.series.length === 1;
  const usual =
    expected === null || expected.lower === null || expected.upper === null
      ? null
      : { lower: expected.lower, upper: expected.upper };
  return {
    fromMs: Date.parse(chart.fromAt),
    toMs,
    unit: chart.series[0]?.unit ?? '',
    lines: chart.series.slice(0, maxLines).map((s) => ({
      title: seriesTitle(s.name, s.labels),
      times: s.timesMs,
      values: s.mean,
      ...(single && s.stepMs > 15_000 ? { low: s.min, high: s.max } : {}),
    })),
    usual,
    band: single ? bandUntil(band, toMs, usual) : null,
    learning: expected?.learning ?? null,
    spans: chart.anomalies.map((a) => ({
      fromMs: Date.parse(a.fromAt),
      toMs: a.toAt === null ? toMs : Date.parse(a.toAt),
      severity: a.severity,
    })),
    marks: chart.marks.map((m) => ({ atMs: Date.parse(m.at), text: m.text })),
    dots: single ? dots : [],
  };
}

function sameTimes(lines: readonly Line[]): boolean {
  const first = lines[0]?.times;
  return lines.every(
    (l) =>
      l.times === first ||
      (l.times.length === first?.length &&
        l.times[0] === first[0] &&
        l.times[l.times.length - 1] === first[first.length - 1]),
  );
}

/** Columns for uPlot: times, then each line, with its low and high behind it. */
function columns(lines: readonly Line[]): uPlot.AlignedData {
  const own = (l: Line) => (l.low === undefined || l.high === undefined ? [l.values] : [l.values, l.low, l.high]);
  if (sameTimes(lines)) return [lines[0]?.times ?? [], ...lines.flatMap(own)] as unknown as uPlot.AlignedData;
  return uPlot.join(
    lines.map((l) => [l.times, ...own(l)] as unknown as uPlot.AlignedData),
    lines.map((l) => [[], ...own(l)].map(() => 2)),
  );
}

interface Palette {
  readonly css: (name: string) => string;
  readonly font: string;
}
function paletteOf(element: HTMLElement): Palette {
  const style = getComputedStyle(element);
  return { css: (name) => style.getPropertyValue(name).trim(), font: `12px ${style.getPropertyValue('--font')}` };
}

function withAlpha(colour: string, alpha: number): string {
  return `color-mix(in srgb, ${colour} ${alpha * 100}%, transparent)`;
}

/** What was expected and what was unusual, behind the lines. */
function drawBehind(u: uPlot, data: Plotted, palette: Palette): void {
  const { ctx, bbox } = u;
  const x = (ms: number) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, u.valToPos(ms, 'x', true)));
  ctx.save();
  if (data.band !== null) drawBand(u, data.band, palette.css('--band'));
  for (const s of data.spans) {
    if (s.toMs < data.fromMs || s.fromMs > data.toMs) continue;
    const colour = palette.css(spanColours[s.severity]);
    const left = x(s.fromMs);
    const width = Math.max(2 * devicePixelRatio, x(s.toMs) - left);
    ctx.fillStyle = withAlpha(colour, 0.13);
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.fillStyle = colour;
    ctx.fillRect(left, bbox.top, width, 2 * devicePixelRatio);
  }
  ctx.restore();
}

function drawMarks(u: uPlot, data: Plotted, palette: Palette): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = palette.css('--muted');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const mark of data.marks) {
    if (mark.atMs < data.fromMs || mark.atMs > data.toMs) continue;
    const left = u.valToPos(mark.atMs, 'x', true);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** A ring around each unusual value; those beyond the axis stand at its end. */
function drawDots(u: uPlot, data: Plotted, palette: Palette): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  for (const { atMs, value, severity } of data.dots) {
    if (atMs < data.fromMs || atMs > data.toMs) continue;
    const y = Math.min(bbox.top + bbox.height, Math.max(bbox.top, u.valToPos(value, 'y', true)));
    ctx.strokeStyle = palette.css(spanColours[severity]);
    ctx.beginPath();
    ctx.arc(u.valToPos(atMs, 'x', true), y, 5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.stroke();
  }
  ctx.restore();
}

function axisTime(ms: number, step: number): string {
  const date = new Date(ms);
  if (step >= 86_400_000 || (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0)) {
    return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(date);
  }
  return new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date);
}

/**
 * The y axis: ratios from 0, to 100 % only where they come near it; a flat line is not blown up to a mountain, and a wide
 * range of what is usual does not press the line flat: what reaches further than the line's own room is cut off.
 */
function yRange(data: Plotted): [number, number] {
  const solid = extent(
    data.lines.flatMap((l) => [l.values, ...(l.dashed === true ? [] : [l.low ?? [], l.high ?? []])]),
  );
  const around = extent(data.lines.flatMap((l) => (l.dashed === true ? [l.low ?? [], l.high ?? []] : [])));
  let [min, max] = solid ?? [0, 1];
  const above = min >= 0;
  const reach = Math.max(max - min, Math.abs(max) * 0.25);
  const expected = data.band === null ? null : extent([data.band.lower, data.band.upper]);
  for (const behind of [around, expected]) {
    if (behind === null) continue;
    const [low, high] = behind;
    min = Math.min(min, Math.max(low, (solid?.[0] ?? 0) - reach));
    max = Math.max(max, Math.min(high, (solid?.[1] ?? 1) + reach));
  }
  if (above && (data.unit === 'ratio' || min < max * 0.6)) min = 0;
  const room = (max - min || Math.abs(max) || 1) * 0.08;
  const top = data.unit === 'ratio' && max <= 1 ? Math.min(1, Math.max(max + room, min + 0.02)) : max + room;
  const bottom = min === 0 ? 0 : above ? Math.max(0, min - room) : min - room;
  return [bottom, top <= bottom ? bottom + 1 : top];
}

function extent(columns: readonly (readonly (number | null)[])[]): [number, number] | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const column of columns)
    for (const value of column) {
      if (value === null) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  return min <= max ? [min, max] : null;
}

function optionsFor(
  data: Plotted,
  size: { width: number; height: number },
  palette: Palette,
  now: () => Plotted,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  data.lines.forEach((line, i) => {
    const stroke = palette.css(`--line-${i + 1}`);
    series.push({
      stroke,
      width: 1.5,
      spanGaps: false,
      points: { show: false },
      ...(line.dashed === true ? { dash: [5, 4] } : {}),
    });
    if (line.low === undefined || line.high === undefined) return;
    const at = series.length;
    series.push(
      { stroke: 'transparent', width: 0, points: { show: false } },
      { stroke: 'transparent', width: 0, points: { show: false } },
    );
    bands.push({ series: [at + 1, at], fill: withAlpha(stroke, 0.2) });
  });
  const unitIsBytes = data.unit.startsWith('bytes');
  const axis = { stroke: palette.css('--muted'), font: palette.font, ticks: { show: false } };
  const grid = { stroke: palette.css('--line'), width: 1 };
  return {
    ...size,
    ms: 1,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    series,
    bands,
    cursor: {
      sync: { key: 'page', scales: ['x', null] },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7, width: 1.5 },
      y: false,
    },
    scales: {
      x: { time: true, range: () => [now().fromMs, now().toMs] },
      y: { range: () => yRange(now()) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        gap: 4,
        space: 72,
        values: (_u, splits, _i, _s, step) => splits.map((ms) => axisTime(ms, step)),
      },
      {
        ...axis,
        grid,
        size: (_u, values) => Math.max(60, 14 + 7 * Math.max(0, ...(values ?? []).map((v) => v.length))),
        ...(unitIsBytes ? { incrs: byteSteps } : {}),
        gap: 6,
        space: 36,
        values: (_u, splits) => splits.map((v) => amount(v, now().unit)),
      },
    ],
    hooks: {
      drawClear: [(u) => drawBehind(u, now(), palette)],
      draw: [(u) => drawMarks(u, now(), palette), (u) => drawDots(u, now(), palette)],
      setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 6) return;
          setFixed(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'), true);
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Round steps for bytes are round in IEC steps. */
const byteSteps = [0, 1, 2, 3, 4].flatMap((power) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * 1024 ** power),
);

/** The shape of a chart's lines: as long as it stays, new data go into the same plot. */
function shapeOf(data: Plotted, theme: string): string {
  return `${theme}|${data.lines.map((l) => `${l.title}${l.low === undefined ? '' : '~'}${l.dashed === true ? '-' : ''}`).join('|')}`;
}

/** One chart with its title and its values under the crosshair. Keys: left and right move, + and − zoom, Escape back. */
export function Chart({
  title,
  data,
  height = 172,
  note,
}: {
  title: string;
  data: Plotted;
  height?: number;
  note?: string;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  const theme = useTheme();
  const [width, setWidth] = useState(0);
  const shape = shapeOf(data, theme);
  latest.current = data;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // biome-ignore lint: the plot is made anew only when its shape changes; data and size follow below.
  useEffect(() => {
    const element = holder.current;
    if (element === null || width === 0) return;
    const palette = paletteOf(element);
    const made = new uPlot(
      optionsFor(
        latest.current,
        { width, height },
        palette,
        () => latest.current,
        (index) => showValues(legend.current, plot.current, latest.current, index),
      ),
      columns(latest.current.lines),
      element,
    );
    plot.current = made;
    showValues(legend.current, made, latest.current, null);
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [shape, width === 0, height]);

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);

  useEffect(() => {
    plot.current?.setData(columns(data.lines));
    showValues(legend.current, plot.current, data, plot.current?.cursor.idx ?? null);
  }, [data]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const { fromMs, toMs } = latest.current;
    const step = (toMs - fromMs) / 4;
    if (event.key === 'ArrowLeft') setFixed(fromMs - step, toMs - step);
    else if (event.key === 'ArrowRight') setFixed(fromMs + step, toMs + step);
    else if (event.key === '+' || event.key === '=') setFixed(fromMs + step, toMs - step, true);
    else if (event.key === '-') setFixed(fromMs - step * 2, toMs + step * 2, true);
    else if (event.key === 'Escape') zoomBack();
    else return;
    event.preventDefault();
  };
  const empty = data.lines.every((l) => l.values.every((v) => v === null));
  return (
    <figure className="chart">
      <figcaption className="title">
        <h3>{title}</h3>
        {data.usual !== null && (
          <span className="small muted">usual now {span(data.usual.lower, data.usual.upper, data.unit)}</span>
        )}
        {data.learning !== null && <span className="small muted">{data.learning}</span>}
        {data.dots.length > 0 && (
          <span className="small muted">
            {data.dots.length} unusual {data.dots.length === 1 ? 'value' : 'values'}
          </span>
        )}
        {note !== undefined && <span className="small muted">{note}</span>}
      </figcaption>
      <div className="values" ref={legend} />
      {/* biome-ignore lint: a chart is moved by arrow keys, and said as one image with a summary. */}
      <div
        className="plot"
        role="application"
        aria-roledescription="chart"
        aria-label={`${title}. ${describe(data)} Arrow keys move, plus and minus zoom, Escape goes back.`}
        tabIndex={0}
        ref={holder}
        onKeyDown={onKeyDown}
        onDoubleClick={zoomBack}
        data-height={height}
      >
        {empty && <p className="none">No values in this range</p>}
      </div>
    </figure>
  );
}

function lastKnown(line: Line): number | null {
  for (let i = line.values.length - 1; i >= 0; i--) {
    const value = line.values[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

function describe(data: Plotted): string {
  const lines = data.lines.map((l) => `${l.title}: now ${amount(lastKnown(l), data.unit)}`).join('; ');
  const unusual = data.spans.length === 0 ? '' : ` ${data.spans.length} anomalies are shaded.`;
  const ringed = data.dots.length === 0 ? '' : ` ${data.dots.length} unusual values are ringed.`;
  return `${lines}.${unusual}${ringed}`;
}

/** Writes the values under the crosshair, or the last ones, past React: it happens on every move of the pointer. */
function showValues(element: HTMLElement | null, u: uPlot | null, data: Plotted, index: number | null): void {
  if (element === null) return;
  const at = index === null ? undefined : u?.data[0][index];
  const parts: Node[] = [];
  let column = 1;
  data.lines.forEach((line, i) => {
    const value = index === null ? lastKnown(line) : (u?.data[column]?.[index] ?? null);
    const low = line.low === undefined || index === null ? null : (u?.data[column + 1]?.[index] ?? null);
    const high = line.high === undefined || index === null ? null : (u?.data[column + 2]?.[index] ?? null);
    column += line.low === undefined ? 1 : 3;
    if (index !== null && value === null && data.lines.length > 1) return;
    const entry = document.createElement('span');
    const swatch = document.createElement('i');
    swatch.className = `swatch s${i + 1}`;
    const figure = document.createElement('b');
    const q = quantity(value, data.unit);
    figure.textContent =
      q.unit === '' || q.unit.startsWith('/') ? `${q.figure}${q.unit}` : `${q.figure}\u202f${q.unit}`;
    const title = data.lines.length > 1 ? `${line.title} ` : '';
    entry.append(swatch, title, figure);
    if (low !== null && high !== null) entry.append(` (${span(low, high, data.unit)})`);
    parts.push(entry);
  });
  const expected = data.band === null || at === undefined ? null : bandAt(data.band, at);
  if (expected !== null) {
    const entry = document.createElement('span');
    entry.textContent = `expected ${span(expected.lower, expected.upper, data.unit)}`;
    parts.push(entry);
  }
  const when = document.createElement('span');
  when.textContent = at === undefined ? '' : clock(at, Date.now(), true);
  parts.push(when);
  element.replaceChildren(...parts);
}
