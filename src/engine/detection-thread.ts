import { parentPort, workerData } from 'node:worker_threads';
import { DetectionShard } from './detection-shard.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

/* The entry of a detection thread: the shard's calls, one message each. */

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a thread; start it by DetectionThreads.');
const shard = new DetectionShard(workerData as ConstructorParameters<typeof DetectionShard>[0]);
const send = (message: FromThread): void => port.postMessage(message);

port.on('message', (message: ToThread) => {
  if (message.kind === 'define') shard.define(message.series);
  else if (message.kind === 'calendar') shard.setCalendar(message.entries);
  else if (message.kind === 'asked') shard.setAsked(message.metrics);
  else if (message.kind === 'event') shard.markEvent(message.entityId, message.at, message.type);
  else if (message.kind === 'advance') {
    shard.advance(message.batch, message.position);
    send({
      kind: 'progress',
      progress: {
        position: message.position,
        samples: message.batch.count,
        receivedAt: message.receivedAt,
        events: shard.drain(),
      },
    });
  } else {
    try {
      const value = shard.call(message.method, message.args);
      const events = shard.drain();
      if (events.length > 0)
        send({
          kind: 'progress',
          progress: { position: shard.position, samples: 0, receivedAt: Number.POSITIVE_INFINITY, events },
        });
      send({ kind: 'result', id: message.id, value });
    } catch (error) {
      send({ kind: 'failed', id: message.id, message: error instanceof Error ? error.message : String(error) });
    }
  }
});
