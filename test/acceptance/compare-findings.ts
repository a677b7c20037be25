import type { Client } from '../../src/api/client.ts';
import type { Finding } from '../../src/model/index.ts';

/** Ids of a server's findings on recorded hosts, each once or not at all; absence is told by the clock, not by the stream. */
export async function findingIds(client: Client): Promise<{ ids: ReadonlySet<string>; repeated: number }> {
  const ids = new Set<string>();
  const subjects = new Set<string>();
  let repeated = 0;
  for await (const one of client.pages('anomalies', { query: { limit: 500, from: new Date(0).toISOString() } })) {
    if (!one.entityId.startsWith('host:synthetic-') || one.detector === 'absence') continue;
    const subject = `${one.entityId} ${one.detector} ${one.subject} ${one.onsetAt}`;
    if (ids.has(one.id) || subjects.has(subject)) repeated++;
    ids.add(one.id);
    subjects.add(subject);
  }
  return { ids, repeated };
}

export function differences(
  expected: ReadonlyMap<string, Finding>,
  ids: ReadonlySet<string>,
): { missing: string[]; beyond: string[] } {
  return {
    missing: [...expected]
      .filter(([id]) => !ids.has(id))
      .map(([, finding]) => `${finding.entityId} ${finding.subject} ${new Date(finding.onsetAt).toISOString()}`),
    beyond: [...ids].filter((id) => !expected.has(id)),
  };
}
