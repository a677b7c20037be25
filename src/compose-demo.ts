import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningAuspex, startAuspex } from './compose.ts';
import { loadConfig } from './config/load.ts';
import { samplesByTime, turnsOf } from './engine/samples-by-time.ts';
import { VirtualTime } from './engine/virtual-time.ts';
import type { SampleBatch } from './model/index.ts';
import { decodeRecording, type Recorded } from './store/recording.ts';
import type { Logger } from './telemetry/log.ts';

/** Samples of one turn of the collectors arrive within this. */
const TURN_MS = 1_000;
/** About as long as it takes until what was normal is learnt: what is shown then ends about now. */
const LEARNING_MS = 4_000;

/** What the package's recording says of itself. */
export interface DemonstratedRun {
  /** Before this it is learnt what is normal, as fast as that goes. */
  readonly shownFrom: number;
  /** What was done, in a sentence. */
  readonly fault: string;
}

export interface Demonstration {
  readonly auspex: RunningAuspex;
  readonly fault: string;
  /** Shows the recording; ends with it, or with the signal. Time stands still behind it. */
  show(signal: AbortSignal): Promise<void>;
  /** Ends it, and removes all that it wrote. */
  close(): Promise<void>;
}

/**
 * A recorded fault through the whole of Auspex, on a time of its own and in a folder of its own: what was normal has been learnt when it
 * resolves. Nothing of this machine is read, no configuration, no home folder. Its time begins in the past and runs so much faster that it is now when the recording ends.
 */
export async function startDemonstration(options: {
  readonly speed: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<Demonstration> {
  const { speed, log, signal } = options;
  const bytes = await readFile(new URL('../demo/fault.recording', import.meta.url));
  const recording = decodeRecording<DemonstratedRun>(bytes, 'demo/fault.recording');
  const run = recording.run ?? { shownFrom: recording.from, fault: '' };
  const isShownMs = recording.to - run.shownFrom;
  const shift = Math.round(Date.now() + LEARNING_MS + isShownMs / speed - recording.to);
  const home = await mkdtemp(join(tmpdir(), 'auspex-demo-'));
  const time = new VirtualTime(recording.from + shift);
  try {
    const auspex = await start(recording, home, time, shift, log);
    const points = recording.series.map(({ labels, kind, times, values }) => ({
      ref: auspex.engine.resolveSeries(labels, kind),
      times: times.map((at) => at + shift),
      values,
    }));
    const turns = [...turnsOf(samplesByTime(points), TURN_MS)];
    const feed = async ({ at, batch }: { readonly at: number; readonly batch: SampleBatch }): Promise<void> => {
      await time.advanceTo(Math.max(at, time.now()));
      await auspex.engine.ingest('demonstration', batch);
      await auspex.engine.settle();
    };
    const from = run.shownFrom + shift;
    for (const turn of turns) if (turn.at < from && !signal.aborted) await feed(turn);
    return {
      auspex,
      fault: run.fault,
      show: async (stop) => {
        const began = performance.now();
        for (const turn of turns) {
          if (turn.at < from) continue;
          const waitMs = began + (turn.at - from) / speed - performance.now();
          if (waitMs > 0) await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
          if (stop.aborted) return;
          await feed(turn);
        }
      },
      close: async () => {
        await auspex.close();
        await rm(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

function start(
  recording: Recorded<DemonstratedRun>,
  home: string,
  time: VirtualTime,
  shift: number,
  log: Logger,
): Promise<RunningAuspex> {
  const loaded = loadConfig({
    env: {},
    flags: {
      home,
      listen: '127.0.0.1:0',
      interval: `${recording.intervalMs / 1000}s`,
      'collect.host': false,
      'store.fsync': false,
      timeZone: recording.timeZone,
    },
  });
  return startAuspex({
    loaded,
    reload: () => loaded,
    log,
    listen: true,
    clock: time,
    demonstration: {
      repeat: time.repeat,
      entities: recording.entities.map((entity) => ({
        ...entity,
        firstSeenAt: entity.firstSeenAt + shift,
        lastSeenAt: entity.lastSeenAt + shift,
      })),
    },
  });
}
