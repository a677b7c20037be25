import type { ChildProcess } from 'node:child_process';
import type { ArmName, RunRecord, Told } from '../contract.ts';

/* Who is on watch while a fault lasts. The stack and the faults are the same for every arm. */

export type PartKind = 'edge' | 'service' | 'database' | 'cache' | 'dependency' | 'identity' | 'resolver' | 'exporter';

/** One process of the stack, as an operator knows it. */
export interface PartView {
  readonly name: string;
  readonly kind: PartKind;
  /** Holds the process id while the part runs, and is empty while it does not. */
  readonly pidFile: string;
  readonly logFile: string;
  /** As seen from the root namespace, where the arm runs. */
  readonly address: string;
  readonly port: number;
  /** Prometheus format; null where the part has none of its own (its exporter is a part then). */
  readonly metricsUrl: string | null;
  readonly healthUrl: string | null;
  /** Folders of the control groups that the part runs in: memory and cpu (the same one under version 2). */
  readonly groups: { readonly memory: string; readonly cpu: string };
}

/** What an arm may know and touch of a stack: what an operator would be given with the job. */
export interface StackView {
  /** `gd` and four hexadecimal digits: the prefix of every name that the run makes on the machine. */
  readonly id: string;
  /** The run's own folder: what is written into it goes with it. */
  readonly folder: string;
  readonly parts: readonly PartView[];
  /** What a user would have scraped, one an endpoint. */
  readonly scrape: readonly { readonly job: string; readonly instance: string; readonly url: string }[];
  /** What a user would have read as logs, one a file. */
  readonly logs: readonly { readonly service: string; readonly instance: string; readonly path: string }[];
  /** The file system that notes are written to. */
  readonly spool: string;
  readonly namespaces: readonly string[];
  /** Links of the run in the root namespace. */
  readonly interfaces: readonly string[];
  /**
   * Starts a process in the root namespace that ends with the run, whatever happens to the gameday itself: its end is in
   * the undo ledger before it starts. Standard output and error go to `<folder>/log/<name>.log`.
   */
  start(
    name: string,
    argv: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string },
  ): Promise<ChildProcess>;
  /** A port of loopback that was free a moment ago. */
  freePort(): Promise<number>;
}

/** One arm for one stack: prepared once, asked after each run, closed before the stack goes. */
export interface Arm {
  readonly name: ArmName;
  /** What the supervisor does with a part that ends by itself: leaves it (`once`) or starts it again (`up`). */
  readonly supervision: 'once' | 'up';
  /** Starts what watches. Resolves when it is ready: the baseline begins then. */
  prepare(stack: StackView): Promise<void>;
  /** All that was said within the given times (ms UTC, both included), the earliest first. Called at the end of a run. */
  told(from: number, to: number): Promise<readonly Told[]>;
  /** Keeps what was there to be seen in the time last told of as a recording; without a run it is a quiet time. */
  keep?(path: string, run: RunRecord | null): Promise<void>;
  /** Where the time that was learnt from is recorded, once the arm is ready; null where none learns. */
  readonly warmRecording?: string;
  /** Ends what `prepare` started; also called after a `prepare` that failed. */
  close(): Promise<void>;
}

export type ArmMaker = (options: ArmOptions) => Arm;

export interface ArmOptions {
  readonly seed: number;
  /** The folder of results: what an arm keeps from round to round lies in it. */
  readonly out: string;
  /** How long an arm that learns watches before its first run. */
  readonly warmMinutes: number;
  /** It goes on learning from run to run, never set back: what is foreseen needs a past without gaps. */
  readonly goesOn: boolean;
}
