import type { Server } from 'node:http';
import type { Logger } from '../../telemetry/log.ts';
import type { HttpLimits } from './ports.ts';

/** A line in the log at most so often, whatever comes in. */
const TOLD_EVERY_MS = 60_000;

/**
 * Closes connections beyond the limits as they come, before a byte of them is read: one source that opens many and says
 * nothing cannot take the places of all others.
 */
export function limitConnections(
  server: Server,
  limits: Pick<HttpLimits, 'connections' | 'connectionsPerSource'>,
  log: Pick<Logger, 'warn'>,
): void {
  const bySource = new Map<string, number>();
  let toldAt = Number.NEGATIVE_INFINITY;
  server.maxConnections = limits.connections;
  server.on('connection', (socket) => {
    const source = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const open = (bySource.get(source) ?? 0) + 1;
    if (open > limits.connectionsPerSource) {
      socket.destroy();
      if (performance.now() - toldAt < TOLD_EVERY_MS) return;
      toldAt = performance.now();
      log.warn(
        { source, connections: limits.connectionsPerSource },
        'A source has more connections open than limits.connectionsPerSource allows: further ones are closed',
      );
      return;
    }
    bySource.set(source, open);
    socket.once('close', () => {
      const left = (bySource.get(source) ?? 1) - 1;
      if (left === 0) bySource.delete(source);
      else bySource.set(source, left);
    });
  });
}
