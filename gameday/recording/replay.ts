import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LearntState, type Replay, startReplay } from '../../src/compose-replay.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import type { RunRecord, Told } from '../contract.ts';
import { toldFrom } from './read-home.ts';
import type { Recording } from './recording.ts';

/** Samples of one turn of the collectors arrive within this. */
const TURN_MS = 1_000;

/** What Auspex knew when it had warmed up: a folder and learnt state that each replay goes on from a copy of. */
export interface WarmState {
  readonly home: string;
  readonly learnt: LearntState;
  remove(): Promise<void>;
}

/** Replays a warm-up; a minute of it takes about 10 ms. */
export async function warmUp(warm: Recording): Promise<WarmState> {
  const home = await mkdtemp(join(tmpdir(), 'auspex-replay-'));
  const learnt = new LearntState();
  const replay = await start(warm, home, learnt);
  await feed(replay, warm);
  await replay.close();
  return { home, learnt, remove: () => rm(home, { recursive: true, force: true }) };
}

/** What Auspex, as it is now, says of a recording when it has warmed up as given. */
export async function replayRecording(recording: Recording, warm: WarmState): Promise<readonly Told[]> {
  const home = await mkdtemp(join(tmpdir(), 'auspex-replay-'));
  try {
    await cp(warm.home, home, { recursive: true });
    const replay = await start(recording, home, warm.learnt.copy());
    try {
      await feed(replay, recording);
      return await toldFrom(replay.records, recording.from, recording.to);
    } finally {
      await replay.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The record of the run as it would have been today. */
export async function rerun(recording: Recording, warm: WarmState): Promise<RunRecord> {
  if (recording.run === null) throw new Error('a recording of quiet hours has no run');
  return { ...recording.run, arm: 'auspex', told: await replayRecording(recording, warm) };
}

function start(recording: Recording, home: string, learnt: LearntState): Promise<Replay> {
  const { from, intervalMs, timeZone, entities } = recording;
  return startReplay({
    home,
    at: from,
    intervalMs,
    timeZone,
    entities,
    learnt,
    turnMs: TURN_MS,
    log: createLogger('silent'),
  });
}

async function feed(replay: Replay, { series, to }: Recording): Promise<void> {
  await replay.feed(
    series.map(({ labels, kind, times, values }) => ({ ref: replay.series(labels, kind), times, values })),
  );
  await replay.advanceTo(to);
}
