import type { Pace, Truth } from '../contract.ts';
import type { Step } from '../faults/step.ts';
import type { Sight } from '../probe/sights.ts';

/** One thing that happens to the stack: what is done, what is then true, and what has to be seen for it to have worked. */
export interface Scenario {
  /** Number in the list and a name: `07-full-disk`. */
  readonly id: string;
  readonly title: string;
  readonly pace: Pace;
  /** Only ever used to inject and undo, and for a final figure: never while detectors or runbooks are developed. */
  readonly isExam?: boolean;
  /** Null where nothing is wrong. */
  readonly truth: Truth | null;
  readonly inject: readonly Step[];
  readonly shows: Sight;
}
