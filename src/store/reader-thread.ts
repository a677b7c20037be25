import { parentPort, workerData } from 'node:worker_threads';
import { PointReader } from './point-reader.ts';
import type { PlainRollup, ReaderOptions, ReaderRequests, Request } from './protocol.ts';
import { SqlFile } from './sql-file.ts';
import { plainError, ThreadServer } from './thread-server.ts';

/* The thread that answers queries over read-only connections: no query waits for a commit, and no commit for a query. */

const options = workerData as ReaderOptions;
const server = new ThreadServer();

try {
  const points = new PointReader(options, (text, path) => server.send({ type: 'problem', text, path }));
  let records: SqlFile | null = null;
  server.serve((request) => {
    records ??= options.hasRecords ? new SqlFile(options.home, 'read', true) : null;
    handle(request, points, records);
  });
  server.send({ type: 'ready', buffer: null, nextRef: 0, problems: [] });
} catch (error) {
  server.send({ type: 'failed', error: plainError(error) });
  parentPort?.close();
}

type Arguments<K extends keyof ReaderRequests> = ReaderRequests[K][0];

function handle(request: Request, points: PointReader, records: SqlFile | null): void {
  const { id } = request;
  switch (request.name as keyof ReaderRequests) {
    case 'series':
      return server.answer(id, points.series());
    case 'range': {
      const { refs, from, to, limit } = request.argument as Arguments<'range'>;
      const found = points.range(refs, from, to, limit);
      return server.answer(
        id,
        found,
        found.flatMap((one) => [bufferOf(one.times), bufferOf(one.values)]),
      );
    }
    case 'last': {
      const { refs, at, maxAgeMs } = request.argument as Arguments<'last'>;
      return server.answer(id, points.last(refs, at, maxAgeMs));
    }
    case 'downsample': {
      const { refs, from, to, stepMs } = request.argument as Arguments<'downsample'>;
      const found = points.downsample(refs, from, to, stepMs);
      return server.answer(id, found, found.flatMap(rollupBuffers));
    }
    case 'writeAhead': {
      const { position, limit } = request.argument as Arguments<'writeAhead'>;
      return server.answer(id, points.writeAhead(position, limit));
    }
    case 'sql': {
      const { sql, parameters } = request.argument as Arguments<'sql'>;
      return server.answer(id, records?.run(sql, parameters));
    }
    case 'close':
      points.close();
      records?.close();
      server.answer(id, null);
      setImmediate(() => parentPort?.close());
      return;
  }
}

function rollupBuffers(one: PlainRollup): ArrayBuffer[] {
  return [one.times, one.count, one.sum, one.min, one.max, one.last, one.increase].map(bufferOf);
}

function bufferOf(column: Float64Array): ArrayBuffer {
  return column.buffer as ArrayBuffer;
}
