import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicData, readCsv } from '../tables.ts';

/*
 * NAB's series and SMD's machines as one fleet on a common 28 days. What is longer is shown by its last 28 days; what is shorter stands
 * as late as it can at its own weekday and time of day. Weekdays and times of day of SMD are not published: its first row is a Monday's midnight.
 */

const MINUTE = 60_000;
const DAY = 86_400_000;
const WEEK = 7 * DAY;
export const DAYS = 28;
/** A Monday. */
export const FROM = Date.UTC(2026, 0, 5);
export const TO = FROM + DAYS * DAY;

/** The 38 columns of SMD. */
const SMD_COLUMNS = (
  'cpu_r load_1 load_5 load_15 mem_shmem mem_u mem_u_e total_mem disk_q disk_r disk_rb disk_svc disk_u disk_w disk_wa disk_wb ' +
  'si so eth1_fi eth1_fo eth1_pi eth1_po tcp_tw tcp_use active_opens curr_estab in_errs in_segs listen_overflows out_rsts ' +
  'out_segs passive_opens retransegs tcp_timeouts udp_in_dg udp_out_dg udp_rcv_buf_errs udp_snd_buf_errs'
).split(' ');
const SMD_MACHINES = ['1-2', '1-6', '2-1', '2-8', '3-10', '3-2'];

export interface FleetSeries {
  readonly metric: string;
  /** ms, ascending. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface FleetMember {
  readonly name: string;
  readonly source: 'nab' | 'smd';
  readonly series: readonly FleetSeries[];
  /** Labelled events, ms. */
  readonly events: readonly { readonly from: number; readonly to: number }[];
}

export function fleet(): readonly FleetMember[] {
  return [...SMD_MACHINES.map(smdMember), ...nabMembers()];
}

/** The halves of SMD in which nothing is labelled, from the fleet's first day on. */
export function trainingHalves(): readonly FleetMember[] {
  return SMD_MACHINES.map((machine) => {
    const train = readCsv(join(publicData('smd'), `machine-${machine}_train.csv.gz`));
    return { name: `machine-${machine}`, source: 'smd', events: [], series: columnsOf([train], FROM) };
  });
}

function smdMember(machine: string): FleetMember {
  const file = (name: string): string => join(publicData('smd'), `machine-${machine}_${name}`);
  const halves = [readCsv(file('train.csv.gz')), readCsv(file('test.csv.gz'))];
  const labels = readCsv(file('test_label.txt.gz')).x;
  const rows = halves.reduce((sum, half) => sum + half.nRows, 0);
  const start = TO - rows * MINUTE;
  const testFrom = start + (halves[0]?.nRows ?? 0) * MINUTE;
  const events: { from: number; to: number }[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 1) continue;
    const at = testFrom + i * MINUTE;
    const last = events.at(-1);
    if (last !== undefined && last.to === at - MINUTE) last.to = at;
    else events.push({ from: at, to: at });
  }
  return { name: `machine-${machine}`, source: 'smd', events, series: columnsOf(halves, start).map(inside) };
}

function columnsOf(halves: readonly ReturnType<typeof readCsv>[], start: number): FleetSeries[] {
  const rows = halves.reduce((sum, half) => sum + half.nRows, 0);
  const times = Float64Array.from({ length: rows }, (_, i) => start + i * MINUTE);
  return SMD_COLUMNS.map((metric, column) => {
    const values = new Float64Array(rows);
    let at = 0;
    for (const { x, nRows, nCols } of halves) for (let i = 0; i < nRows; i++) values[at++] = x[i * nCols + column] ?? 0;
    return { metric, times, values };
  });
}

function nabMembers(): FleetMember[] {
  const folder = publicData('nab');
  const windows = JSON.parse(readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8')) as Record<
    string,
    readonly (readonly [string, string])[]
  >;
  return readdirSync(join(folder, 'data'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .sort()
    .map((name): FleetMember => {
      const rows = readFileSync(join(folder, 'data', name), 'utf8')
        .trimEnd()
        .split(/\r?\n/)
        .slice(1);
      const own = rows.map((row) => timeOf(row.split(',')[0] ?? ''));
      // Whole weeks: the weekday and the time of day stay.
      const shift = Math.floor((TO - (own.at(-1) ?? 0)) / WEEK) * WEEK;
      const times = Float64Array.from(own, (at) => at + shift);
      const values = Float64Array.from(rows, (row) => Number(row.split(',')[1]));
      const bare = name.replace(/^.*\//, '').replace(/\.csv$/, '');
      const metric = bare.replace(/_[0-9a-f]{6}$/, '').replace(/^(Twitter_volume)_.*/, '$1');
      const events = (windows[name] ?? []).map(([from, to]) => ({
        from: timeOf(from) + shift,
        to: timeOf(to) + shift,
      }));
      return {
        name: bare,
        source: 'nab',
        series: [inside({ metric: metric.replaceAll(/[^a-zA-Z0-9_]/g, '_'), times, values })],
        events: events.filter(({ from }) => from >= FROM),
      };
    });
}

/** Of a series what lies within the 28 days. */
function inside({ metric, times, values }: FleetSeries): FleetSeries {
  const first = times.findIndex((at) => at >= FROM);
  return { metric, times: times.subarray(first), values: values.subarray(first) };
}

function timeOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
}
