import { FROM, trainingHalves } from '../noise/fleet.ts';
import { pagesOf, replayFleet } from '../noise/replay-fleet.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';

const AIM = 1;
const MONTH = 30 * 86_400_000;

/** The training halves of SMD, in which nothing is labelled, through the whole engine: needless pages a host-month. */
export async function measure(_options: Options): Promise<Report> {
  const machines = trainingHalves();
  const to = Math.max(...machines.flatMap(({ series }) => series.map(({ times }) => times.at(-1) ?? 0)));
  const began = performance.now();
  const { incidents, nameOf } = await replayFleet(machines, FROM, to);
  const seconds = (performance.now() - began) / 1000;
  const { count } = pagesOf(incidents, nameOf, 'medium');
  const hostMonths = (machines.length * (to - FROM)) / MONTH;
  const rate = count / hostMonths;
  return {
    columns: ['machines', 'host-months', 'incidents', 'pages', 'pages a host-month'],
    rows: [[machines.length, hostMonths, incidents.length, count, rate]],
    notes: [`Aim: at most ${AIM}. The replay took ${Math.round(seconds)} s.`],
    figures: { machines: machines.length, hostMonths, incidents: incidents.length, pages: count, rate, seconds },
    missed: rate > AIM ? [`${rate.toFixed(2)} pages a host-month, aim ${AIM}`] : [],
  };
}
