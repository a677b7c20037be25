/**
 * The judge: `node probe.ts <settings as JSON>`. Once a second asks each kind of question twice, over new connections, and
 * looks whether the answers are right, complete and in time. One ProbeSecond a line on standard output, in order. Ends with
 * its standard input.
 */
import { SeededRandom } from '../../src/stats/random.ts';
import type { ProbeSecond } from '../contract.ts';
import { type EdgeAddress, ShopClient } from '../load/client.ts';
import { ItemChoice, isRight, requestKinds, requestOf, type ShopRequest } from '../load/requests.ts';

export interface ProbeSettings {
  readonly edge: EdgeAddress;
  readonly seed: number;
}

/** An answer after this is none. */
const TIMEOUT_MS = 1_750;
const EACH = 2;

const settings = JSON.parse(process.argv[2] ?? '') as ProbeSettings;
const random = new SeededRandom(settings.seed);
const choice = new ItemChoice(random);
const client = new ShopClient(settings.edge, { timeoutMs: TIMEOUT_MS, connections: 'new' });

type Verdict = { readonly ms: number | null; readonly fault: string | null; readonly isLost: boolean };

async function check(asked: ShopRequest): Promise<Verdict> {
  const outcome = await client.send(asked);
  if (!('status' in outcome)) return { ms: null, fault: `${asked.kind}: ${outcome.lost}`, isLost: true };
  const { status, text, ms } = outcome;
  if (status >= 400) return { ms, fault: `${asked.kind}: HTTP ${status}`, isLost: false };
  return { ms, fault: isRight(asked, text) ? null : `${asked.kind}: wrong content`, isLost: false };
}

/** All questions of one second, a little apart. */
async function probeSecond(at: number): Promise<ProbeSecond> {
  const asked = Array.from({ length: EACH }, () => requestKinds.map((kind) => requestOf(kind, choice.next(), random)));
  const verdicts = await Promise.all(
    asked.flat().map(async (request, i) => {
      await new Promise((wake) => setTimeout(wake, i * 60));
      return check(request);
    }),
  );
  const faults: Record<string, number> = {};
  for (const { fault } of verdicts) if (fault !== null) faults[fault] = (faults[fault] ?? 0) + 1;
  const times = verdicts.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  const lost = verdicts.filter(({ isLost }) => isLost).length;
  const right = verdicts.filter(({ fault }) => fault === null).length;
  return {
    at,
    sent: verdicts.length,
    right,
    wrong: verdicts.length - right - lost,
    lost,
    slowestMs: times.length === 0 ? null : Math.round(Math.max(...times)),
    faults,
  };
}

let turn = Promise.resolve();

function tick(): void {
  const answer = probeSecond(Date.now());
  turn = turn.then(async () => void process.stdout.write(`${JSON.stringify(await answer)}\n`));
}

process.stdin.resume().on('end', () => process.exit(0));
setInterval(tick, 1_000);
tick();
