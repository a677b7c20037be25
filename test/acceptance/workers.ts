// The same recorded stream through one worker, through three and straight through a detector: the same findings by id.
//   node test/acceptance/workers.ts [--hosts 6] [--minutes 180]
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAuspex, until } from '../e2e/running-auspex.ts';
import { differences, findingIds } from './compare-findings.ts';
import { Cleanup, options, report, temporaryFolder } from './support.ts';
import { SyntheticFleet } from './synthetic-fleet.ts';

export interface WorkersRow {
  readonly way: string;
  readonly findings: number;
  readonly missing: readonly string[];
  readonly beyond: readonly string[];
}

export async function compareWorkers(hosts: number, minutes: number): Promise<WorkersRow[]> {
  const cleanup = new Cleanup();
  try {
    const folder = temporaryFolder(cleanup, 'workers');
    const fleet = new SyntheticFleet(hosts, minutes);
    const expected = fleet.findings();
    const rows: WorkersRow[] = [{ way: 'a detector alone', findings: expected.size, missing: [], beyond: [] }];
    for (const workers of [1, 3]) {
      const running = await startAuspex({
        home: join(folder, `home-${workers}`),
        args: ['--workers', String(workers)],
        env: { TZ: 'UTC' },
      });
      cleanup.add(() => running.kill('SIGKILL'));
      await fleet.send(() => running.url);
      await until('all scored', 60, async () => (await running.client.call('status')).ingest.waiting === 0);
      await until('the findings', 15, async () => (await findingIds(running.client)).ids.size >= expected.size).catch(
        () => false,
      );
      const { ids } = await findingIds(running.client);
      rows.push({
        way: `${workers} worker${workers === 1 ? '' : 's'}`,
        findings: ids.size,
        ...differences(expected, ids),
      });
      await running.stop();
    }
    return rows;
  } finally {
    await cleanup.run();
  }
}

export function areWorkersEqual(rows: readonly WorkersRow[]): boolean {
  return rows.every((row) => row.findings > 0 && row.missing.length + row.beyond.length === 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = options({ hosts: 6, minutes: 180 });
  const rows = await compareWorkers(given.hosts, given.minutes);
  report(
    'workers',
    rows.map((row) => ({ ...row, missing: row.missing.length, beyond: row.beyond.length })),
    { rows },
    areWorkersEqual(rows),
  );
}
