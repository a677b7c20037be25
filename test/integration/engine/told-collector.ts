import type { Collector } from '../../../src/model/index.ts';

type Emit = Parameters<Collector['start']>[0];

/** A collector that says what it is told to by `emit`, once it was started, and ends when it is stopped. */
export function toldCollector(name: string, since: number): Collector & { readonly emit: Emit } {
  let emit: Emit | undefined;
  return {
    name,
    health: () => ({
      name,
      state: 'ok',
      since,
      problems: [],
      lastCollectionAt: null,
      lastDurationMs: null,
      samplesPerCollection: 0,
    }),
    start: async (to, signal) => {
      emit = to;
      await new Promise<void>((ended) => signal.addEventListener('abort', () => ended()));
    },
    emit: async (event) => {
      if (emit === undefined) throw new Error(`${name} was not started`);
      await emit(event);
    },
  };
}
