import type { Tasks } from './tasks.ts';

/** Runs what is too long for the event loop (see tasks.ts) on another thread. */
export interface TaskPool {
  run<K extends keyof Tasks>(name: K, argument: Parameters<Tasks[K]>[0]): Promise<ReturnType<Tasks[K]>>;
}
