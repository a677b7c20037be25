import { isDeepStrictEqual } from 'node:util';
import { configKeys } from './keys.ts';
import type { Config } from './schema.ts';

/** What a newly read configuration changes: keys that take effect at once, and keys that wait for the next start. */
export interface ConfigChange {
  readonly changed: readonly string[];
  readonly needRestart: readonly string[];
}

export function diffConfig(before: Config, after: Config): ConfigChange {
  const changed: string[] = [];
  const needRestart: string[] = [];
  for (const entry of configKeys) {
    if (isDeepStrictEqual(at(before, entry.path), at(after, entry.path))) continue;
    (entry.meta.live === true ? changed : needRestart).push(entry.key);
  }
  return { changed, needRestart };
}

function at(config: Config, path: readonly string[]): unknown {
  let here: unknown = config;
  for (const name of path) here = (here as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return here;
}
