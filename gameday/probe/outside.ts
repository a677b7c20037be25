import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProbeSecond } from '../contract.ts';
import type { LoadSecond, LoadSettings } from '../load/generator.ts';
import type { LoadShape } from '../load/shapes.ts';
import { inNamespace } from '../stack/network.ts';
import type { Stack } from '../stack/stack.ts';
import type { ProbeSettings } from './probe.ts';

/** Requests a second of an ordinary day. */
export const STEADY_RATE = 35;
export const STEADY: LoadShape = { shape: 'steady', rate: STEADY_RATE };

/** Where the load's shape stands; it follows what is written there. */
export function shapeFile(stack: Stack): string {
  return join(stack.folder, 'load-shape.json');
}

/** Longest silence of a probe that is alive: a second's questions may take two. */
const SILENCE_MS = 6_000;

/** The world outside the stack: the load and the probe, two processes in the client's namespace. */
export class Outside {
  readonly seconds: ProbeSecond[] = [];
  readonly load: LoadSecond[] = [];
  readonly #generator: ChildProcess;
  readonly #probe: ChildProcess;
  #heardAt = performance.now();

  private constructor(generator: ChildProcess, probe: ChildProcess) {
    this.#generator = generator;
    this.#probe = probe;
    lines(probe, (line) => {
      this.#heardAt = performance.now();
      this.seconds.push(JSON.parse(line) as ProbeSecond);
    });
    lines(generator, (line) => this.load.push(JSON.parse(line) as LoadSecond));
  }

  static async start(stack: Stack, seed: number, shape: LoadShape = STEADY): Promise<Outside> {
    writeFileSync(shapeFile(stack), JSON.stringify(shape));
    const loadSettings: LoadSettings = { edge: stack.edge, seed, shapeFile: shapeFile(stack) };
    const probeSettings: ProbeSettings = { edge: stack.edge, seed: seed + 1 };
    const start = (name: string, file: string, settings: object): Promise<ChildProcess> => {
      const path = fileURLToPath(new URL(file, import.meta.url));
      const node = [process.execPath, '--disable-warning=ExperimentalWarning', path, JSON.stringify(settings)];
      return stack.start(name, [...inNamespace(stack.network.client), ...node], { pipes: true });
    };
    return new Outside(
      await start('load', '../load/generator.ts', loadSettings),
      await start('probe', 'probe.ts', probeSettings),
    );
  }

  /** Why what is seen does not count; null while both are well. */
  fault(): string | null {
    if (this.#probe.exitCode !== null || this.#probe.signalCode !== null) return 'the probe ended';
    if (this.#generator.exitCode !== null || this.#generator.signalCode !== null) return 'the load ended';
    if (performance.now() - this.#heardAt > SILENCE_MS) return 'the probe is silent';
    return null;
  }

  /** Both end with their standard input. */
  close(): void {
    for (const child of [this.#generator, this.#probe]) {
      child.stdin?.end();
      child.kill('SIGTERM');
    }
  }
}

function lines(child: ChildProcess, take: (line: string) => void): void {
  child.stdin?.on('error', () => {});
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', take);
}
