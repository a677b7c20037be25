import type { Arm } from '../arms/arm.ts';
import { Outside, STEADY } from '../probe/outside.ts';
import { PartWatch } from '../probe/part-watch.ts';
import { NOTICED_MS } from '../probe/sights.ts';
import { pause } from '../stack/execute.ts';
import { Stack } from '../stack/stack.ts';

/** Seconds in a row that have to be well before the stack counts as healthy. */
const WELL_SECONDS = 3;

/** What a run needs: the stack, what comes to it from outside, who is on watch. Kept from run to run while it is healthy. */
export class Ground {
  readonly stack: Stack;
  readonly outside: Outside;
  readonly watch: PartWatch;
  readonly arm: Arm;

  private constructor(stack: Stack, outside: Outside, watch: PartWatch, arm: Arm) {
    this.stack = stack;
    this.outside = outside;
    this.watch = watch;
    this.arm = arm;
  }

  /** Starts it all and waits until it is healthy and the arm is ready. `made` is told the stack as soon as there is one. */
  static async prepare(arm: Arm, seed: number, made: (stack: Stack) => void, shape = STEADY): Promise<Ground> {
    const stack = await Stack.make(arm.supervision);
    try {
      made(stack);
      const outside = await Outside.start(stack, seed, shape);
      const ground = new Ground(stack, outside, new PartWatch(stack), arm);
      if (!(await ground.isWell(Date.now(), 30_000)))
        throw new Error(`The stack did not become healthy: ${ground.#last()}`);
      await arm.prepare(stack);
      return ground;
    } catch (error) {
      await arm.close().catch(() => {});
      await stack.close();
      throw error;
    }
  }

  /** Waits until the probe saw some seconds in a row after `since` that were well, and all parts run. False when it takes longer. */
  async isWell(since: number, ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    for (;;) {
      const last = this.outside.seconds.slice(-WELL_SECONDS);
      const isRight = last.length === WELL_SECONDS && last.every((one) => one.right === one.sent);
      const isFast = last.every(({ slowestMs }) => slowestMs !== null && slowestMs <= NOTICED_MS);
      const areUp = this.stack.parts.every((part) => part.pid() !== null);
      if (isRight && isFast && areUp && (last[0]?.at ?? 0) >= since) return true;
      if (performance.now() > end || this.outside.fault() !== null) return false;
      await pause(100);
    }
  }

  /** Takes back what was done since the mark and starts what does not run. Resolves with what failed in it. */
  async undo(mark: number): Promise<string[]> {
    const failures = await this.stack.ledger.undoTo(mark);
    for (const part of this.stack.parts) {
      if (part.pid() !== null) continue;
      await part
        .start()
        .catch((error: unknown) => failures.push(error instanceof Error ? error.message : String(error)));
    }
    return failures;
  }

  async close(): Promise<string[]> {
    this.watch.close();
    this.outside.close();
    await this.arm.close().catch((error: unknown) => console.error(`The arm did not close: ${String(error)}`));
    return this.stack.close();
  }

  #last(): string {
    return JSON.stringify(this.outside.seconds.at(-1) ?? this.outside.fault());
  }
}
