import { glob, readFile, stat } from 'node:fs/promises';
import type { TargetGroup } from '../../model/scrape.ts';

interface ReadFile {
  readonly modifiedAt: number;
  readonly sizeBytes: number;
  readonly groups: readonly TargetGroup[];
}

/**
 * Target groups from files (`file_sd_configs`): JSON or YAML, globs allowed, read again when size or modification time
 * changes. A file that is broken keeps its last good groups, so that a half-written file does not end scraping.
 */
export class FileDiscovery {
  private readonly patterns: readonly string[];
  private files = new Map<string, ReadFile>();

  constructor(patterns: readonly string[]) {
    this.patterns = patterns;
  }

  /** Looks at the files again. Cheap when nothing changed: a directory listing and one stat a file. */
  async read(): Promise<{ readonly groups: readonly TargetGroup[]; readonly problems: readonly string[] }> {
    const problems: string[] = [];
    const found = new Map<string, ReadFile>();
    for (const pattern of this.patterns) {
      for (const path of await matching(pattern)) {
        if (found.has(path)) continue;
        const before = this.files.get(path);
        try {
          const { mtimeMs, size } = await stat(path);
          found.set(
            path,
            before?.modifiedAt === mtimeMs && before.sizeBytes === size
              ? before
              : { modifiedAt: mtimeMs, sizeBytes: size, groups: await groupsIn(await readFile(path, 'utf8'), path) },
          );
        } catch (thrown) {
          if (before !== undefined) found.set(path, before);
          const reason = thrown instanceof Error ? thrown.message : String(thrown);
          problems.push(
            `${path} cannot be used: ${reason}. ${before === undefined ? 'Its targets are not scraped.' : 'Its last good content is kept.'}`,
          );
        }
      }
    }
    this.files = found;
    return { groups: [...found.values()].flatMap(({ groups }) => groups), problems };
  }
}

async function matching(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(path);
  return paths.sort();
}

async function groupsIn(text: string, path: string): Promise<TargetGroup[]> {
  // JSON is YAML, but YAML's reader is slow and forgiving where JSON's says what is wrong.
  const content: unknown = path.endsWith('.json') ? JSON.parse(text) : (await import('yaml')).parse(text);
  if (content === null || content === undefined) return [];
  if (!Array.isArray(content)) throw new Error('a list of groups with targets and labels is expected');
  return content.map((group: unknown, i) => groupOf(group, i, path));
}

function groupOf(group: unknown, index: number, path: string): TargetGroup {
  const { targets, labels } = (typeof group === 'object' && group !== null ? group : {}) as Record<string, unknown>;
  if (!Array.isArray(targets) || !targets.every((target) => typeof target === 'string')) {
    throw new Error(`group ${index + 1} has no list of targets`);
  }
  const pairs = typeof labels === 'object' && labels !== null ? Object.entries(labels) : [];
  const bad = pairs.find(([name]) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name));
  if (bad !== undefined) throw new Error(`"${bad[0]}" in group ${index + 1} is not a label name`);
  return {
    targets,
    labels: {
      ...Object.fromEntries(pairs.map(([name, value]) => [name, String(value)])),
      __meta_filepath: path,
    },
  };
}
