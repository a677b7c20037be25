import { DAYS, fleet, type FleetSeries, FROM, TO } from '../noise/fleet.ts';
import { judge, mixinPages, type Outcome, rolling, sigmaPages } from '../noise/pages.ts';
import { pagesOf, replayFleet } from '../noise/replay-fleet.ts';
import type { Options } from '../options.ts';
import type { Cell, Report } from '../report.ts';

const AIM = 0.9;
const DAY = 86_400_000;
const SIGMAS = [2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 10, 12, 15, 20, 30, 50];
const SCALES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02];

/** NAB and SMD as one fleet of 28 days: pages a week at equal recall of the labelled events, for Auspex, the node_exporter mixin's rules and 3-sigma a series. */
export async function measure(options: Options): Promise<Report> {
  const days = options.number('days', DAYS);
  const [from, to] = [TO - days * DAY, TO];
  const members = fleet();
  const began = performance.now();
  const { incidents, nameOf } = await replayFleet(members, from, to);
  const seconds = (performance.now() - began) / 1000;
  const span = to - FROM;
  const own = (['medium', 'high', 'critical'] as const).map((least) => {
    const { count, pages } = pagesOf(incidents, nameOf, least);
    return { name: `Auspex, ${least} and worse`, ...judge(pages, members, span), pagesAWeek: count / (days / 7) };
  });
  const rolled = new Map<FleetSeries, ReturnType<typeof rolling>>();
  for (const { series } of members) for (const one of series) rolled.set(one, rolling(one));
  const sigma = SIGMAS.map((k) => ({ name: `${k}-sigma`, ...judge(sigmaPages(members, rolled, k), members, span) }));
  const mixin = SCALES.map((scale) => ({
    name: `mixin, limits × ${scale}`,
    ...judge(mixinPages(members, scale), members, span),
  }));
  return reportOf({ own, sigma, mixin, seconds, members: members.length });
}

type Named = Outcome & { readonly name: string };

function reportOf(all: {
  readonly own: readonly Named[];
  readonly sigma: readonly Named[];
  readonly mixin: readonly Named[];
  readonly seconds: number;
  readonly members: number;
}): Report {
  const { own, sigma, mixin } = all;
  const [auspex] = own as readonly [Named, ...Named[]];
  const peers = [
    { name: '3-sigma', at: atRecall(sigma, auspex.found) },
    { name: 'mixin', at: atRecall(mixin, auspex.found) },
  ];
  const rows: Cell[][] = [...own, ...sigma, ...mixin].map((one) => [
    one.name,
    one.pagesAWeek,
    `${one.found} of ${one.events}`,
    one.medianMinutes,
  ]);
  const compared = peers.map(({ name, at }) =>
    at === null
      ? `${name} does not reach ${auspex.found} of ${auspex.events} at any limit.`
      : `${name} at the same recall: ${at.name}, ${at.pagesAWeek.toFixed(1)} pages a week; Auspex has ${(100 * (1 - auspex.pagesAWeek / at.pagesAWeek)).toFixed(1)} % fewer.`,
  );
  return {
    columns: ['', 'pages a week', 'events with a page', 'median minutes to it'],
    rows,
    notes: [`${all.members} hosts and series. The replay took ${Math.round(all.seconds)} s.`, ...compared],
    figures: { ...all, peers },
    missed: peers.flatMap(({ name, at }) =>
      at !== null && auspex.pagesAWeek > (1 - AIM) * at.pagesAWeek
        ? [`fewer pages than ${name} by less than ${AIM * 100} %`]
        : [],
    ),
  };
}

/** The fewest pages with which as many events are found. */
function atRecall(curve: readonly Named[], found: number): Named | null {
  const enough = curve.filter((one) => one.found >= found).sort((a, b) => a.pagesAWeek - b.pagesAWeek);
  return enough[0] ?? null;
}
