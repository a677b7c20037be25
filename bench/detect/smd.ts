/**
 * Six real servers (SMD) replayed as hosts, one sample a minute: pages a host-month and findings a day on the training
 * halves; on the test halves the share of labelled events that a finding, and a page, overlaps. Folder: AUSPEX_BENCH_DATA,
 * default ../shared/data. `node bench/detect/smd.ts`
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type DetectionEvent, Detector } from '../../src/detect/detector.ts';

const folder = join(process.env.AUSPEX_BENCH_DATA ?? '../shared/data', 'smd');
const machines = ['1-2', '1-6', '2-1', '2-8', '3-10', '3-2'];
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5);
const MONTH_DAYS = 30.4;

if (!existsSync(folder)) {
  console.error(`No SMD data in ${folder}: set AUSPEX_BENCH_DATA to the folder that holds smd/.`);
  process.exit(4);
}

function rowsOf(file: string): number[][] {
  const text = gunzipSync(readFileSync(join(folder, file))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
}

function replay(detector: Detector, rows: readonly number[][], from: number): DetectionEvent[] {
  const cols = rows[0].length;
  const refs = Uint32Array.from({ length: cols }, (_, c) => c);
  const times = new Float64Array(cols);
  const events: DetectionEvent[] = [];
  for (let r = 0; r < rows.length; r++) {
    times.fill(from + r * MINUTE);
    detector.advance({ count: cols, refs, times, values: Float64Array.from(rows[r]) });
    events.push(...detector.drain());
  }
  return events;
}

const total = {
  days: 0,
  pages: 0,
  entity: 0,
  metric: 0,
  testDays: 0,
  testPages: 0,
  testEntity: 0,
  events: 0,
  hit: 0,
  paged: 0,
  quietMinutes: 0,
  quietCovered: 0,
};
for (const machine of machines) {
  const train = rowsOf(`machine-${machine}_train.csv.gz`);
  const detector = new Detector({ intervalMs: MINUTE });
  for (let c = 0; c < train[0].length; c++) {
    const labels = ['__name__', `column_${c + 1}`, 'instance', machine];
    detector.define({ ref: c, labels, kind: 'gauge', entityId: `host:${machine}`, timeZone: 'Asia/Shanghai' });
  }
  const quiet = replay(detector, train, START);
  const pages = new Set(quiet.filter((e) => e.finding.pages).map((e) => e.finding.id)).size;
  const opened = quiet.filter((e) => e.change === 'opened');
  const days = train.length / 1440;
  const entity = opened.filter((e) => e.finding.detector === 'entity').length;
  const metric = opened.length - entity;
  total.days += days;
  total.pages += pages;
  total.entity += entity;
  total.metric += metric;

  const test = rowsOf(`machine-${machine}_test.csv.gz`);
  const labels = rowsOf(`machine-${machine}_test_label.txt.gz`).map((r) => r[0]);
  const testStart = START + train.length * MINUTE;
  const found = replay(detector, test, testStart);
  const spans = spansOf(found, testStart + test.length * MINUTE);
  const events = eventsOf(labels, testStart);
  const overlaps = (span: { from: number; to: number }, event: { from: number; to: number }): boolean =>
    span.from <= event.to && span.to >= event.from;
  const hit = events.filter((event) => spans.some((span) => overlaps(span, event))).length;
  const paged = events.filter((event) => spans.some((span) => span.pages && overlaps(span, event))).length;
  const falsePages = spans.filter((s) => s.pages && !events.some((event) => overlaps(s, event))).length;
  // How much of the quiet time findings cover: what a random event would be hit by.
  for (let i = 0; i < labels.length; i++) {
    const at = testStart + i * MINUTE;
    if (labels[i] === 1) continue;
    total.quietMinutes++;
    if (spans.some((s) => s.from <= at && s.to >= at)) total.quietCovered++;
  }
  total.testDays += test.length / 1440;
  total.testEntity += spans.length;
  total.testPages += falsePages;
  total.events += events.length;
  total.hit += hit;
  total.paged += paged;
  console.log(
    `machine-${machine.padEnd(5)} train: ${pages} pages, ${entity} joint + ${metric} single findings in ${days.toFixed(1)} days · test: ${hit} of ${events.length} events found, ${paged} paged, ${spans.length} joint findings, ${falsePages} needless pages in ${(test.length / 1440).toFixed(1)} days`,
  );
}
console.log(
  `training halves: ${((total.pages / total.days) * MONTH_DAYS).toFixed(2)} pages a host-month, ${((total.entity + total.metric) / total.days).toFixed(2)} findings a host-day (${(total.entity / total.days).toFixed(2)} joint)`,
);
console.log(
  `test halves: ${total.hit} of ${total.events} events found, ${total.paged} paged; ${((total.testPages / total.testDays) * MONTH_DAYS).toFixed(2)} needless pages a host-month, ${(total.testEntity / total.testDays).toFixed(2)} joint findings a host-day, covering ${((100 * total.quietCovered) / total.quietMinutes).toFixed(1)} % of unlabelled time`,
);

function spansOf(events: readonly DetectionEvent[], end: number): { from: number; to: number; pages: boolean }[] {
  const spans = new Map<string, { from: number; to: number; pages: boolean }>();
  for (const { change, finding } of events) {
    if (finding.detector !== 'entity') continue;
    const to = change === 'ended' ? (finding.endedAt ?? finding.lastAt) : end;
    spans.set(finding.id, { from: finding.onsetAt, to, pages: finding.pages });
  }
  return [...spans.values()];
}

function eventsOf(labels: readonly number[], start: number): { from: number; to: number }[] {
  const events: { from: number; to: number }[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1 && labels[i - 1] !== 1) events.push({ from: start + i * MINUTE, to: start + i * MINUTE });
    if (labels[i] === 1) events[events.length - 1].to = start + i * MINUTE;
  }
  return events;
}
