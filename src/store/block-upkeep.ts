import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import type { Segment } from './block-file.ts';
import { type BlockFolder, type BlockKind, DAY_MS, sizeOf } from './block-folder.ts';
import type { Blocks } from './compaction.ts';
import type { Retention } from './protocol.ts';

/** What is known of each raw day without opening its file. */
export interface DaySummary {
  readonly points: number;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Reads every raw day's segments at the start, removing what a crash left half built. O(days). */
export function surveyDays(raw: BlockFolder): Map<number, DaySummary> {
  const days = new Map<number, DaySummary>();
  for (const day of raw.days()) {
    try {
      const file = raw.file(day);
      if (file === undefined) continue;
      file.verify();
      file.clean();
      days.set(day, summarise(file.segments()));
    } catch (error) {
      if (error instanceof AuspexError && error.code === 'STORE_NEWER') throw error;
      raw.setAside(raw.pathOf(day), error);
    }
  }
  return days;
}

export function summarise(segments: readonly Segment[]): DaySummary {
  let points = 0;
  let minTime = Infinity;
  let maxTime = -Infinity;
  for (const segment of segments) {
    points += segment.points;
    minTime = Math.min(minTime, segment.minTime);
    maxTime = Math.max(maxTime, segment.maxTime);
  }
  return { points, minTime, maxTime };
}

/** Unlinks files whose every point has passed its retention. Gives the raw days that went. */
export function expireBlocks(blocks: Blocks, retention: Retention, now: number): number[] {
  const gone: number[] = [];
  const drop = (folder: BlockFolder, keepMs: number, spanDays: number): void => {
    for (const day of folder.days()) {
      if ((day + spanDays) * DAY_MS > now - keepMs) continue;
      folder.unlink(day);
      if (folder.kind === 'raw') gone.push(day);
    }
  };
  drop(blocks.raw, retention.rawMs, 1);
  drop(blocks.fiveMinute, retention.fiveMinuteMs, 1);
  drop(blocks.hour, retention.hourMs, 31);
  return gone;
}

/** The file that goes first when the quota is passed: the oldest raw day but the newest one, then the oldest rollups. */
export function quotaVictim(
  blocks: Blocks,
  today: number,
): { folder: BlockFolder; day: number; kind: BlockKind } | undefined {
  for (const folder of [blocks.raw, blocks.fiveMinute, blocks.hour]) {
    const [oldest, ...others] = folder.days();
    if (oldest !== undefined && (others.length > 0 || oldest < today))
      return { folder, day: oldest, kind: folder.kind };
  }
  return undefined;
}

/** Bytes of all files under the home folder that the store wrote. */
export function bytesUsed(home: string, blocks: Blocks): { blocks: number; total: number } {
  const blockBytes = [blocks.raw, blocks.fiveMinute, blocks.hour].reduce(
    (sum, folder) => sum + folderBytes(folder.path),
    0,
  );
  let total = blockBytes;
  for (const name of ['ingest.db', 'ingest.db-wal', 'records.db', 'records.db-wal']) total += sizeOf(join(home, name));
  return { blocks: blockBytes, total: total + folderBytes(join(home, 'models')) };
}

function folderBytes(path: string): number {
  try {
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    return 0; // not there yet
  }
}

/** Bytes that an ordinary user can still write on the disk that holds a path. */
export function freeBytes(path: string): number {
  const disk = statfsSync(path);
  return disk.bavail * disk.bsize;
}
