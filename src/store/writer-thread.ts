import { parentPort, workerData } from 'node:worker_threads';
import { AuspexError } from '../errors.ts';
import { isFull } from './block-folder.ts';
import { copyDatabase } from './copy-database.ts';
import { HomeLock } from './home-lock.ts';
import { PointWriter } from './point-writer.ts';
import type { Request, WriterOptions, WriterRequests } from './protocol.ts';
import type { TableSalvage } from './salvage.ts';
import { SqlFile } from './sql-file.ts';
import { plainError, ThreadServer } from './thread-server.ts';

/* The thread that owns every file that is written: node:sqlite is synchronous, and a disk's fsync must not stall the main loop. */

const options = workerData as WriterOptions;
const server = new ThreadServer();
const problems: string[] = [];

try {
  const lock = new HomeLock(options.home);
  let isReady = false;
  const onProblem = (text: string, path: string | null): void => {
    if (isReady) server.send({ type: 'problem', text, path });
    else problems.push(text);
  };
  const points = new PointWriter(options, onProblem, (ms) => server.send({ type: 'commit', ms }));
  const records = options.hasRecords
    ? SqlFile.openSound(options.home, options.fsync, (text) => onProblem(text, null))
    : null;
  records?.holdRoom();
  server.serve((request) => handle(request, points, records, lock));
  server.send({ type: 'ready', buffer: points.buffer.shared, nextRef: points.nextRef, problems });
  isReady = true;
} catch (error) {
  server.send({ type: 'failed', error: plainError(error) });
  parentPort?.close();
}

type Arguments<K extends keyof WriterRequests> = WriterRequests[K][0];

function handle(request: Request, points: PointWriter, records: SqlFile | null, lock: HomeLock): void {
  const { id } = request;
  switch (request.name as keyof WriterRequests) {
    case 'append': {
      const { batch, series } = request.argument as Arguments<'append'>;
      if (series !== null) points.define(series);
      points.append(batch, (result) =>
        result instanceof AuspexError ? server.refuse(id, result) : server.answer(id, result),
      );
      return;
    }
    case 'acknowledge':
      points.acknowledge((request.argument as Arguments<'acknowledge'>).position);
      return server.answer(id, null);
    case 'stats':
      return server.answer(id, points.stats());
    case 'housekeep': {
      const { now, flush } = request.argument as Arguments<'housekeep'>;
      void points.housekeep(now ?? 0, flush).then(
        () => server.answer(id, null),
        (error: unknown) => server.refuse(id, error),
      );
      return;
    }
    case 'damaged': {
      const { path, reason } = request.argument as Arguments<'damaged'>;
      points.damaged(path, reason);
      return server.answer(id, null);
    }
    case 'hold':
      void points.hold().then(
        () => server.answer(id, null),
        (error: unknown) => server.refuse(id, error),
      );
      return;
    case 'resume':
      points.resume();
      return server.answer(id, null);
    case 'copy': {
      const { path, copy } = request.argument as Arguments<'copy'>;
      void copyDatabase(path, copy).then(
        (isThere) => server.answer(id, isThere),
        (error: unknown) => server.refuse(id, error),
      );
      return;
    }
    case 'settleRecords':
      return server.answer(id, settle(records));
    case 'sql':
      return server.answer(id, runSql(records, request.argument as Arguments<'sql'>));
    case 'close':
      void points.close().then(() => {
        records?.close();
        lock.release();
        server.answer(id, null);
        setImmediate(() => parentPort?.close());
      });
      return;
  }
}

function settle(records: SqlFile | null): readonly TableSalvage[] | null {
  const salvaged = records?.salvage() ?? null;
  records?.sealSchema();
  return salvaged;
}

function runSql(records: SqlFile | null, { sql, parameters }: Arguments<'sql'>): unknown {
  try {
    return records?.run(sql, parameters);
  } catch (error) {
    if (isFull(error)) {
      throw new AuspexError('STORE_FULL', `The disk that holds ${options.home} has no room for records.`, {
        data: { retryAfterSeconds: 10 },
        cause: error,
      });
    }
    throw error;
  }
}
