/**
 * The load: `node generator.ts <settings as JSON>`. Open loop: requests go out when they are due, however slow the answers
 * are, as a crowd's do; bounded in rate, in requests under way and in time. Its shape is in a file, which is looked at twice a
 * second. One line a second on standard output says what became of the requests. Ends with its standard input.
 */
import { readFileSync } from 'node:fs';
import { SeededRandom } from '../../src/stats/random.ts';
import { type EdgeAddress, ShopClient } from './client.ts';
import { ItemChoice, isRight, kindOf, requestOf } from './requests.ts';
import { type LoadShape, rateAt } from './shapes.ts';

export interface LoadSettings {
  readonly edge: EdgeAddress;
  readonly seed: number;
  /** Holds a LoadShape as JSON. */
  readonly shapeFile: string;
}

/** One second of the load, as the generator prints it. */
export interface LoadSecond {
  readonly at: number;
  readonly sent: number;
  readonly right: number;
  readonly wrong: number;
  readonly lost: number;
  /** Due but not sent, because too many were under way. */
  readonly withheld: number;
}

const MOST_UNDER_WAY = 400;
const CONNECTIONS = 100;
const TIMEOUT_MS = 3_000;
/** No load outlives its gameday by more than this, whatever happens. */
const LONGEST_MS = 6 * 3_600_000;

const settings = JSON.parse(process.argv[2] ?? '') as LoadSettings;
const random = new SeededRandom(settings.seed);
const choice = new ItemChoice(random);
const client = new ShopClient(settings.edge, { timeoutMs: TIMEOUT_MS, connections: CONNECTIONS });
let shapeText = readFileSync(settings.shapeFile, 'utf8');
let shape = JSON.parse(shapeText) as LoadShape;
let shapeAt = performance.now();
let underWay = 0;
let second = { sent: 0, right: 0, wrong: 0, lost: 0, withheld: 0 };

async function send(): Promise<void> {
  if (underWay >= MOST_UNDER_WAY) {
    second.withheld++;
    return;
  }
  const hot = shape.shape === 'surge' ? shape.hot : undefined;
  const isHot = hot !== undefined && random.next() < hot.share;
  const asked = isHot ? requestOf('orders', hot.item, random) : requestOf(kindOf(random), choice.next(), random);
  underWay++;
  second.sent++;
  const outcome = await client.send(asked);
  underWay--;
  if (!('status' in outcome)) second.lost++;
  else if (outcome.status < 400 && isRight(asked, outcome.text)) second.right++;
  else second.wrong++;
}

/** Arrivals of a Poisson process: the next is due after an exponential time. */
function schedule(due: number): void {
  const rate = rateAt(shape, (performance.now() - shapeAt) / 1000);
  if (rate <= 0) {
    setTimeout(() => schedule(performance.now()), 100);
    return;
  }
  const next = due - (Math.log(1 - random.next()) / rate) * 1000;
  const wait = next - performance.now();
  // After a stall what was due is sent at once, but no more than a second's worth.
  if (wait < -1_000) return schedule(performance.now());
  const go = (): void => {
    void send();
    schedule(next);
  };
  if (wait > 1) setTimeout(go, wait);
  else setImmediate(go);
}

function readShape(): void {
  const text = readFileSync(settings.shapeFile, 'utf8');
  if (text === shapeText || text === '') return;
  shapeText = text;
  shape = JSON.parse(text) as LoadShape;
  shapeAt = performance.now();
}

process.stdin.resume().on('end', () => process.exit(0));
setInterval(readShape, 500);
setInterval(() => {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), ...second } satisfies LoadSecond)}\n`);
  second = { sent: 0, right: 0, wrong: 0, lost: 0, withheld: 0 };
}, 1_000);
setTimeout(() => process.exit(0), LONGEST_MS).unref();
schedule(performance.now());
