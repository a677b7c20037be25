import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import runtime from '../../scripts/runtime.json' with { type: 'json' };
import type { RunRecord, Told } from '../contract.ts';
import { openHome, readRecording, toldFrom } from '../recording/read-home.ts';
import { encodeRecording, type Recording } from '../recording/recording.ts';
import type { Arm, ArmOptions, StackView } from './arm.ts';

const root = resolve(import.meta.dirname, '../..');
const READY_WITHIN_MS = 120_000;

/**
 * Auspex on watch, set up as a user would: its host collector, the stack's endpoints scraped, and its logs read. Each run begins with
 * the same warm state, so that no run teaches the next.
 */
export function auspexArm(options: ArmOptions): Arm {
  return new AuspexArm(options);
}

class AuspexArm implements Arm {
  readonly name = 'auspex';
  readonly supervision = 'once';
  readonly #warm: string;
  readonly #out: string;
  readonly #warmMs: number;
  readonly #goesOn: boolean;
  #hasLearnt = false;
  #stack: StackView | null = null;
  #home = '';
  #child: ChildProcess | null = null;
  #starts = 0;
  #startedAt = 0;
  #recording: Recording | null = null;

  constructor({ out, warmMinutes, goesOn }: ArmOptions) {
    this.#out = out;
    this.#warm = join(out, 'warm');
    this.#warmMs = warmMinutes * 60_000;
    this.#goesOn = goesOn;
  }

  async prepare(stack: StackView): Promise<void> {
    this.#stack = stack;
    const isWarm = existsSync(this.#warm);
    if (!isWarm && this.#goesOn) {
      await this.#start(null);
      await this.#learn();
      return;
    }
    if (!isWarm) await this.#warmUp();
    await this.#start(this.#warm);
    this.#hasLearnt = true;
  }

  async told(from: number, to: number): Promise<readonly Told[]> {
    await this.#stop();
    const stores = await openHome(this.#home);
    try {
      this.#recording = await readRecording(stores, 'run', this.#startedAt, to);
      return await toldFrom(stores.records, from, to);
    } finally {
      await stores.close();
      if (this.#goesOn) await this.#run();
      else {
        await rm(this.#home, { recursive: true, force: true });
        await this.#start(this.#warm);
      }
    }
  }

  get warmRecording(): string {
    return join(this.#out, 'warm.recording');
  }

  async keep(path: string, run: RunRecord | null): Promise<void> {
    if (this.#recording === null) throw new Error('nothing was told yet');
    const kept: Recording =
      run === null ? { ...this.#recording, kind: 'quiet' } : { ...this.#recording, run: { ...run, told: [] } };
    // What has the name is whole.
    await writeFile(`${path}.new`, encodeRecording(kept));
    await rename(`${path}.new`, path);
  }

  async close(): Promise<void> {
    await this.#stop();
    if (this.#goesOn && this.#hasLearnt) await this.#keepHome();
    if (this.#home !== '') await rm(this.#home, { recursive: true, force: true });
  }

  /** Watches the healthy stack for a while and keeps what it learnt, and the samples, so that a replay can learn the same. */
  async #warmUp(): Promise<void> {
    await this.#start(null);
    await this.#learn();
    await this.#stop();
    const stores = await openHome(this.#home);
    const recording = await readRecording(stores, 'warm', this.#startedAt, Date.now());
    await stores.close();
    await mkdir(this.#out, { recursive: true });
    await writeFile(this.warmRecording, encodeRecording(recording));
    await this.#keepHome();
    await rm(this.#home, { recursive: true, force: true });
  }

  async #learn(): Promise<void> {
    process.stderr.write(`Warming up for ${this.#warmMs / 60_000} min: Auspex learns what is normal here.\n`);
    await new Promise((wake) => setTimeout(wake, this.#warmMs));
    this.#hasLearnt = true;
  }

  /** As the warm state. The last step is a rename: a gameday that is killed here leaves no half of it. */
  async #keepHome(): Promise<void> {
    await rm(`${this.#warm}.new`, { recursive: true, force: true });
    await cp(this.#home, `${this.#warm}.new`, { recursive: true });
    await rm(this.#warm, { recursive: true, force: true });
    await rename(`${this.#warm}.new`, this.#warm);
  }

  async #start(from: string | null): Promise<void> {
    const stack = this.#stack as StackView;
    this.#home = join(stack.folder, `auspex-${this.#starts}`);
    if (from === null) await mkdir(this.#home, { recursive: true });
    else await cp(from, this.#home, { recursive: true });
    await this.#run();
  }

  async #run(): Promise<void> {
    const stack = this.#stack as StackView;
    await writeFile(join(this.#home, 'auspex.yaml'), configuration(stack));
    const port = await stack.freePort();
    this.#startedAt = Date.now();
    const child = await stack.start(
      `auspex-${++this.#starts}`,
      [process.execPath, ...runtime.flags, join(root, 'dist/cli/main.js'), 'start'],
      { env: { ...runtime.env, AUSPEX_HOME: this.#home, AUSPEX_LISTEN: `127.0.0.1:${port}` } },
    );
    this.#child = child;
    await untilReady(`http://127.0.0.1:${port}/readyz`, child);
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

/** As a user would write it: each endpoint under the name that an operator knows, whatever port it has today. */
function configuration({ scrape, logs }: StackView): string {
  const jobs = scrape.map(({ job, instance, url }) => {
    const { host, pathname, protocol } = new URL(url);
    return {
      job_name: `${job}-${instance}`,
      scrape_interval: '10s',
      scrape_timeout: '5s',
      metrics_path: pathname,
      scheme: protocol.slice(0, -1),
      static_configs: [{ targets: [host], labels: { instance, job } }],
    };
  });
  const files = logs.map(({ service, instance, path }) => ({ files: [path], service, instance }));
  return JSON.stringify({ scrape: { jobs }, sources: { logs: files } });
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (const end = Date.now() + READY_WITHIN_MS; ; ) {
    if (child.exitCode !== null) throw new Error(`Auspex ended with ${child.exitCode} before it was ready.`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok === true) return;
    if (Date.now() > end) throw new Error('Auspex was not ready within two minutes.');
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
