import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import type { Options } from '../options.ts';
import { mb, type Report } from '../report.ts';
import { type AuspexServer, startAuspex } from '../servers.ts';
import type { LoopReading } from '../storm/loop-probe.ts';

const MOST_HELD_MS = 20;
const MOST_GROWTH_BYTES = 300e6;
const ASK_EVERY_MS = 250;
/** So that two ticks of the engine and a sample or two fall into each phase. */
const AFTER_MS = 12_000;

interface Phase {
  readonly name: string;
  readonly seconds: number;
  readonly loop: LoopReading;
  readonly rssBytes: number;
  /** Times of GET /api/incidents, ms. */
  readonly asked: readonly number[];
  readonly messages: number;
}

/** Ten thousand alerts of as many hosts, in ten requests and in one, and their ends: what that does to the event loop, the memory, a list that is asked for and a live client. */
export async function storm(options: Options): Promise<Report> {
  const alerts = options.number('alerts', 10_000);
  const size = options.number('size', 1_000);
  const probe = fileURLToPath(new URL('../storm/loop-probe.ts', import.meta.url));
  const file = join(process.env['BENCH_HOME'] ?? '/tmp', `auspex-loop-${process.pid}.json`);
  const server = await startAuspex({ env: { BENCH_LOOP_FILE: file }, nodeFlags: ['--import', probe] });
  const phases: Phase[] = [];
  const token = readFileSync(join(server.home, 'cli-token'), 'utf8').trim();
  const live = new Live(server.port, token);
  try {
    const phase = async (name: string, work: () => Promise<void>): Promise<void> => {
      await readLoop(server, file);
      const began = performance.now();
      const messages = live.count;
      const asking = new Asking(server);
      let seconds = 0;
      try {
        await work();
        seconds = (performance.now() - began) / 1000;
        await delay(AFTER_MS);
      } finally {
        await asking.stop();
      }
      const asked = asking.times;
      const loop = await readLoop(server, file);
      phases.push({ name, seconds, loop, rssBytes: server.use().rssBytes, asked, messages: live.count - messages });
    };
    const send = (first: number, count: number, status: 'firing' | 'resolved', prefix: string): Promise<void> =>
      post(server, token, groupOf(first, count, status, prefix));
    await delay(AFTER_MS);
    await phase('at rest', () => delay(5_000));
    for (const status of ['firing', 'resolved'] as const)
      await phase(`${status}, one job, ${size} a request`, async () => {
        for (let first = 0; first < alerts; first += size)
          await send(first, Math.min(size, alerts - first), status, 'a');
      });
    for (const status of ['firing', 'resolved'] as const)
      await phase(`${status}, apart, all in one`, () => send(0, alerts, status, 'b'));
    return reportOf(phases, alerts, live.gaps);
  } finally {
    live.close();
    await server.stop();
    rmSync(file, { force: true });
  }
}

function reportOf(phases: readonly Phase[], alerts: number, gaps: number): Report {
  const [rest, ...storms] = phases;
  const growth = Math.max(...storms.map(({ rssBytes }) => rssBytes)) - (rest?.rssBytes ?? 0);
  const held = Math.max(...storms.map(({ loop }) => loop.longestCpuMs));
  return {
    columns: [
      '',
      's',
      'longest ms',
      'of it CPU ms',
      '> 20 ms CPU',
      'longest GC ms',
      'p99 ms',
      'RSS MB',
      'heap MB',
      'GET max ms',
      'live messages',
    ],
    rows: phases.map(({ name, seconds, loop, rssBytes, asked, messages }) => [
      name,
      seconds,
      loop.longestMs,
      loop.longestCpuMs,
      loop.over20,
      loop.longestGcMs,
      loop.p99Ms,
      mb(rssBytes),
      mb(loop.heapUsedBytes),
      Math.max(...asked),
      messages,
    ]),
    notes: [
      `${alerts} alerts of as many hosts. A phase goes on ${AFTER_MS / 1000} s behind its last answer. The live client was cut off ${gaps} times.`,
      `Aims: the event loop is never held for ${MOST_HELD_MS} ms, at most ${mb(MOST_GROWTH_BYTES)} MB more than at rest.`,
    ],
    figures: { alerts, phases, gaps, growthBytes: growth },
    missed: [
      ...(held >= MOST_HELD_MS ? [`the event loop was held for ${held.toFixed(0)} ms`] : []),
      ...(growth > MOST_GROWTH_BYTES ? [`${mb(growth).toFixed(0)} MB more than at rest`] : []),
    ],
  };
}

/** What Alertmanager sends for one group. */
function groupOf(first: number, count: number, status: 'firing' | 'resolved', prefix: string): unknown {
  const now = new Date().toISOString();
  return {
    version: '4',
    groupKey: '{}:{}',
    status,
    receiver: 'auspex',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager:9093',
    alerts: Array.from({ length: count }, (_, i) => {
      const host = `${prefix}${first + i}`;
      return {
        status,
        labels: {
          alertname: `HostProblem${i % 20}`,
          severity: i % 10 === 0 ? 'critical' : 'warning',
          instance: `${host}:9100`,
          // Instances of one job belong together; of what has none nothing is known.
          ...(prefix === 'a' ? { job: 'node' } : {}),
          datacenter: 'north',
        },
        annotations: { summary: `Something is wrong on ${host}`, description: 'It was not so an hour ago.' },
        startsAt: now,
        endsAt: status === 'resolved' ? now : '0001-01-01T00:00:00Z',
        generatorURL: 'http://prometheus:9090/graph?g0.expr=up',
        fingerprint: (0x10_0000_0000 + first + i).toString(16) + prefix,
      };
    }),
  };
}

async function post(server: AuspexServer, token: string, body: unknown): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${server.port}/api/alerts/alertmanager`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Alerts were answered with ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

/** Asks for the open incidents again and again. */
class Asking {
  readonly times: number[] = [];
  readonly #done: Promise<void>;
  #on = true;

  constructor(server: AuspexServer) {
    this.#done = this.#ask(server);
  }

  async #ask(server: AuspexServer): Promise<void> {
    while (this.#on) {
      const began = performance.now();
      await server.text('/api/incidents?state=open');
      this.times.push(performance.now() - began);
      await delay(ASK_EVERY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#on = false;
    await this.#done;
  }
}

/** A live client that comes back with its last cursor, as the page does. */
class Live {
  count = 0;
  /** Times that it could not go on where it was. */
  gaps = 0;
  readonly #url: string;
  readonly #token: string;
  #socket: WebSocket;
  #cursor: string | null = null;
  #closed = false;

  constructor(port: number, token: string) {
    this.#url = `ws://127.0.0.1:${port}/api/live`;
    this.#token = token;
    this.#socket = this.#open();
  }

  #open(): WebSocket {
    const after = this.#cursor === null ? '' : `?after=${this.#cursor}`;
    const socket = new WebSocket(`${this.#url}${after}`, { headers: { authorization: `Bearer ${this.#token}` } });
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { topic: string; cursor: string; resumed?: boolean };
      this.count++;
      if (message.topic === 'hello' && this.#cursor !== null && message.resumed === false) this.gaps++;
      this.#cursor = message.cursor;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#closed) setTimeout(() => (this.#socket = this.#open()), 500);
    });
    return socket;
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }
}

async function readLoop(server: AuspexServer, file: string): Promise<LoopReading> {
  rmSync(file, { force: true });
  process.kill(server.pid, 'SIGUSR2');
  for (let tries = 0; tries < 200; tries++) {
    await delay(50);
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as LoopReading;
    } catch {
      // not written yet
    }
  }
  throw new Error('The server did not say how its event loop fared.');
}
