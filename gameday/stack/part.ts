import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartKind, PartView } from '../arms/arm.ts';
import type { ControlGroups, Group } from './control-groups.ts';
import { inNamespace } from './network.ts';
import type { Link } from './network.ts';
import { needed, PATH, quote, run, until } from './execute.ts';

/** How long a part may take to end when it is asked to. */
const STOP_SECONDS = 8;

export interface PartPlan {
  readonly name: string;
  readonly kind: PartKind;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The namespace that it runs in; the machine's own network without. */
  readonly link?: Link;
  /** A user of the machine; root without. */
  readonly user?: string;
  /** A file that it sees as /etc/resolv.conf, alone. */
  readonly resolver?: string;
  /** An own namespace for shared memory, which then goes with the process. */
  readonly isAlone?: boolean;
  /** What ends it in good order, where that is not TERM. */
  readonly stopSignal?: 'INT' | 'QUIT';
  readonly address: string;
  readonly port: number;
  readonly metricsUrl?: string;
  readonly healthUrl?: string;
  readonly memoryBytes?: number;
  /** Started again whatever the arm: what only watches. */
  readonly isAlwaysUp?: boolean;
  /** Right answer to "are you there?"; asked until yes. */
  isReady(): Promise<boolean>;
}

/** One supervised process of the stack, under a runsv of its own. */
export class Part implements PartView {
  readonly name: string;
  readonly kind: PartKind;
  readonly pidFile: string;
  readonly logFile: string;
  readonly address: string;
  readonly port: number;
  readonly metricsUrl: string | null;
  readonly healthUrl: string | null;
  readonly groups: Group;
  /** Shell assignments that the part starts with; faults write it anew. */
  readonly environmentFile: string;
  readonly folder: string;
  readonly #plan: PartPlan;
  readonly #order: 'once' | 'up';

  constructor(plan: PartPlan, groups: ControlGroups, folder: string, supervision: 'once' | 'up') {
    this.#plan = plan;
    this.#order = plan.isAlwaysUp === true ? 'up' : supervision;
    this.name = plan.name;
    this.kind = plan.kind;
    this.folder = join(folder, 'parts', plan.name);
    this.pidFile = join(this.folder, 'supervise', 'pid');
    this.logFile = join(folder, 'log', `${plan.name}.log`);
    this.environmentFile = join(this.folder, 'environment');
    this.address = plan.address;
    this.port = plan.port;
    this.metricsUrl = plan.metricsUrl ?? null;
    this.healthUrl = plan.healthUrl ?? null;
    this.groups = groups.group(plan.name);
    if (plan.memoryBytes !== undefined) groups.setMemoryLimit(plan.name, plan.memoryBytes);
    mkdirSync(join(this.folder, 'control'), { recursive: true });
    writeFileSync(join(this.folder, 'down'), '');
    writeFileSync(this.environmentFile, environmentText(plan.env ?? {}));
    script(join(this.folder, 'run'), this.#runScript(groups));
    if (plan.stopSignal !== undefined)
      script(join(this.folder, 'control', 't'), `kill -${plan.stopSignal} "$(cat supervise/pid)"`);
  }

  /** Starts its supervisor, which waits for an order. */
  async supervise(groups: ControlGroups): Promise<ChildProcess> {
    const [command, ...words] = groups.inside('supervisors', [needed('runsv'), this.folder]);
    const child = spawn(command as string, words, {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, PATH },
    });
    child.unref();
    await until(`the supervisor of ${this.name}`, 5_000, () => this.#state() !== null);
    return child;
  }

  /** The words that start it as the arm wants it; for an inverse, too. */
  get startWords(): string[] {
    return [needed('sv'), this.#order, this.folder];
  }

  /** The words that end it, by force after a while. Resolve when it has ended. */
  get stopWords(): string[] {
    return [needed('sv'), '-w', String(STOP_SECONDS), 'force-stop', this.folder];
  }

  async start(): Promise<void> {
    await run(this.startWords);
  }

  async stop(): Promise<void> {
    await run(this.stopWords);
  }

  /** Asks until it answers. @throws Error with the end of its log when it does not in time. */
  async ready(ms = 20_000): Promise<void> {
    try {
      await until(this.name, ms, () => this.#plan.isReady());
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${this.log().slice(-1500)}`);
    }
  }

  /** Null while it does not run. */
  pid(): number | null {
    const pid = Number(this.#read(this.pidFile));
    return pid > 0 ? pid : null;
  }

  log(): string {
    return this.#read(this.logFile);
  }

  /** `run`, `down` or `finish`; null before its supervisor is there. */
  #state(): string | null {
    return this.#read(join(this.folder, 'supervise', 'stat')).trim() || null;
  }

  #read(path: string): string {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  }

  #runScript(groups: ControlGroups): string {
    const plan = this.#plan;
    const words: string[] = [];
    if (plan.link !== undefined) words.push(...inNamespace(plan.link));
    if (plan.isAlone === true) words.push('unshare', '--ipc');
    if (plan.resolver !== undefined) {
      const bind = `mount --bind ${quote(plan.resolver)} /etc/resolv.conf && exec "$@"`;
      words.push('unshare', '--mount', '--propagation', 'slave', 'sh', '-c', bind, 'resolver');
    }
    if (plan.user !== undefined)
      words.push('setpriv', `--reuid=${plan.user}`, `--regid=${plan.user}`, '--clear-groups');
    return [
      `exec >>${quote(this.logFile)} 2>&1 </dev/null`,
      groups.enter(plan.name),
      'set -a',
      '. ./environment',
      'set +a',
      `exec ${[...words, ...plan.argv].map(quote).join(' ')}`,
    ].join('\n');
  }
}

/** Shell assignments, one a line. */
export function environmentText(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join('');
}

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}
