import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadResult } from './load-process.ts';

/** The load generator's process as its owner sees it. */
export interface Load {
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): void;
}

export function startLoad(): Load {
  const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  return {
    run: (order) =>
      new Promise((resolve, reject) => {
        const onExit = (): void => reject(new Error('The load generator ended.'));
        child.once('exit', onExit);
        child.once('message', (message: { result: LoadResult } | { error: string }) => {
          child.off('exit', onExit);
          if ('error' in message) reject(new Error(message.error));
          else resolve(message.result);
        });
        child.send(order);
      }),
    stop: () => {
      child.disconnect();
    },
  };
}
