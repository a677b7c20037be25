import { disturbance, isCalm, looksAtFigures, type Observation, patienceOf, seenAt } from '../probe/sights.ts';
import { pause } from '../stack/execute.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Ground } from './ground.ts';
import { observe } from './observe.ts';

/** A harmless thing is looked at for so long after it is done. */
const CALM_MS = 5_000;
const HEALTHY_MS = 30_000;

/** Whether one scenario did what it says, once. */
export interface Verification {
  readonly scenario: string;
  readonly isShown: boolean;
  /** From injection to showing; null where it did not show. */
  readonly shownSeconds: number | null;
  readonly isUndone: boolean;
  /** From undo to health; null where that did not come. */
  readonly healthySeconds: number | null;
  readonly seconds: number;
  /** What went wrong, in words. */
  readonly problems: readonly string[];
}

/** Injects, waits until it shows as described, undoes, waits for health: as fast as the scenario lets it. */
export async function verify(scenario: Scenario, ground: Ground): Promise<Verification> {
  const begun = performance.now();
  const problems: string[] = [];
  ground.watch.asksFigures = looksAtFigures(scenario.shows);
  if (!(await ground.isWell(Date.now() - 3_000, HEALTHY_MS))) problems.push('unhealthy before the injection');
  const mark = ground.stack.ledger.mark();
  const seen = observe(ground);
  let shownAt: number | null = null;
  try {
    for (const step of scenario.inject) await step.apply({ stack: ground.stack, isQuick: true });
    shownAt = await whenShown(scenario, ground, seen);
    if (shownAt === null) problems.push(`did not show: ${inWords(seen)}`);
  } catch (error) {
    problems.push(`not injected: ${error instanceof Error ? error.message : String(error)}`);
  }
  problems.push(...(await ground.undo(mark)).map((failure) => `undo: ${failure}`));
  const undoneAt = Date.now();
  const isUndone = await ground.isWell(undoneAt, HEALTHY_MS);
  if (!isUndone) problems.push(`not healthy: ${JSON.stringify(ground.outside.seconds.at(-1))}`);
  return {
    scenario: scenario.id,
    isShown: shownAt !== null,
    shownSeconds: shownAt === null ? null : (shownAt - seen.injectedAt) / 1000,
    isUndone,
    healthySeconds: isUndone ? (Date.now() - undoneAt) / 1000 : null,
    seconds: (performance.now() - begun) / 1000,
    problems,
  };
}

async function whenShown(scenario: Scenario, ground: Ground, seen: Observation): Promise<number | null> {
  const patience = patienceOf(scenario.shows) * 1000;
  if (isCalm(scenario.shows)) await pause(CALM_MS);
  for (;;) {
    const at = seenAt(scenario.shows, seen);
    if (at !== null) return at;
    if (Date.now() > seen.injectedAt + patience + 2_500 || ground.outside.fault() !== null) return null;
    await pause(200);
  }
}

/** What there was to see instead. */
function inWords(seen: Observation): string {
  const slowest = Math.max(0, ...seen.probe.map(({ slowestMs }) => slowestMs ?? 0));
  return `${disturbance(seen.probe) ?? 'users saw nothing'}; slowest answer ${slowest} ms`;
}
