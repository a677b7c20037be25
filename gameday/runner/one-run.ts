import type { RunRecord, Truth } from '../contract.ts';
import { disturbance, isCalm, looksAtFigures, seenAt } from '../probe/sights.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { pause } from '../stack/execute.ts';
import type { Stack } from '../stack/stack.ts';
import type { Ground } from './ground.ts';
import { observe } from './observe.ts';

/** How long the phases of a run take, in milliseconds. */
export interface Timing {
  readonly baseline: number;
  readonly fault: number;
  /** At most, after undo. */
  readonly recovery: number;
}

export const BASELINE_MS = 20_000;
export const RECOVERY_MS = 30_000;

/**
 * One run: baseline, injection, the fault for its time, undo, recovery. Undo runs whatever happens. A run that proves nothing
 * (not injected, not shown where nobody could have repaired it, no probe, unhealthy before) says so in `broken`.
 */
export async function oneRun(scenario: Scenario, ground: Ground, seed: number, timing: Timing): Promise<RunRecord> {
  const { stack, outside, watch, arm } = ground;
  watch.asksFigures = looksAtFigures(scenario.shows);
  const startedAt = Date.now();
  const mark = stack.ledger.mark();
  let broken = await baseline(ground, timing);
  const seen = observe(ground);
  let shownAt: number | null = null;
  try {
    if (broken === null) {
      for (const step of scenario.inject) await step.apply({ stack, isQuick: false });
      const look = (): void => void (shownAt ??= isCalm(scenario.shows) ? null : seenAt(scenario.shows, seen));
      broken = await faultLasts(ground, seen.injectedAt + timing.fault, look);
      // That users saw nothing is only known at the end.
      shownAt ??= seenAt(scenario.shows, seen);
      // With somebody on watch a fault may be gone before anybody sees it, or a repair be what users see.
      if (shownAt === null && arm.name === 'none')
        broken ??= `did not show: ${disturbance(seen.probe) ?? 'users saw nothing'}`;
    }
  } catch (error) {
    broken ??= `not injected: ${error instanceof Error ? error.message : String(error)}`;
  }
  const undoFailures = await ground.undo(mark);
  const undoneAt = Date.now();
  const isWell = await ground.isWell(undoneAt, timing.recovery);
  const endedAt = Date.now();
  broken ??= outside.fault();
  return {
    scenario: scenario.id,
    arm: arm.name,
    seed,
    isHarmless: scenario.truth === null,
    isExam: scenario.isExam === true,
    pace: scenario.pace,
    truth: inPlace(scenario.truth, stack),
    startedAt,
    injectedAt: seen.injectedAt,
    undoneAt,
    endedAt,
    probe: outside.seconds.filter(({ at }) => at >= startedAt && at <= endedAt),
    told: await arm.told(startedAt, endedAt),
    broken,
    shownAt,
    healthyAt: isWell ? endedAt : null,
    undoFailures,
  };
}

async function baseline(ground: Ground, timing: Timing): Promise<string | null> {
  if (!(await ground.isWell(Date.now() - 3_000, timing.recovery)))
    return 'the stack was not healthy before the injection';
  const begun = Date.now();
  await pause(timing.baseline);
  const noticed = disturbance(ground.outside.seconds.filter(({ at }) => at >= begun));
  return noticed === null ? ground.outside.fault() : `the stack was not healthy before the injection: ${noticed}`;
}

async function faultLasts(ground: Ground, until: number, look: () => void): Promise<string | null> {
  while (Date.now() < until) {
    const fault = ground.outside.fault();
    if (fault !== null) return fault;
    look();
    await pause(Math.min(500, Math.max(1, until - Date.now())));
  }
  return null;
}

/** The truth with the names that the parts have in this stack. */
function inPlace(truth: Truth | null, stack: Stack): Truth | null {
  if (truth === null) return null;
  const culprits = truth.culprits.flatMap((name) => {
    if (name === 'spool') return [stack.spool, name];
    return name === 'network' ? [name, ...stack.interfaces] : [name];
  });
  return { ...truth, culprits };
}
