import { fileURLToPath } from 'node:url';
import { certificate } from '../faults/edge.ts';
import { backUp, job, query, rollThrough, rotateLog, saveCache } from '../faults/harmless.ts';
import type { Step } from '../faults/step.ts';
import { traffic } from '../faults/traffic.ts';
import type { Scenario } from './scenario.ts';

/* Thirteen things that are as they should be. Users see nothing of them, and whoever pages is wrong. */

const project = fileURLToPath(new URL('../..', import.meta.url));

function harmless(name: string, title: string, ...inject: readonly Step[]): Scenario {
  return { id: `29-${name}`, title, pace: 'hard', truth: null, inject, shows: { see: 'nothing' } };
}

/** Each process does next to nothing. */
const BURST = 'for i in $(seq 200); do date >/dev/null; ls / >/dev/null; sleep 0.01; done';
/** All sources and packages, read once. */
const SCAN = 'nice -n 10 find "$1" -xdev -type f -size -200k | head -n 8000 | xargs -d "\\n" cat >/dev/null';
const COPY = 'nice -n 10 dd if=/dev/zero of="$1/copy" bs=1M count=400 2>/dev/null && sync "$1/copy"; rm -f "$1/copy"';
const BATCH = `SELECT item % 10 AS shelf, avg(stars), count(*), max(length(words)) FROM reviews GROUP BY 1 ORDER BY 1;
  SELECT stars, count(DISTINCT item) FROM reviews GROUP BY 1`;

export const harmlessScenarios: readonly Scenario[] = [
  harmless('backup', 'the database is backed up', backUp()),
  harmless('release', 'a good version is rolled out', rollThrough(true)),
  harmless('rolling-restart', 'the instances are restarted in turn, as planned', rollThrough(false)),
  harmless('batch', 'the nightly report reads everything', query('batch', BATCH)),
  harmless('vacuum', 'the database is vacuumed', query('vacuum', 'VACUUM (ANALYZE) reviews')),
  harmless('logrotate', 'the log of the edge is rotated and compressed', rotateLog()),
  harmless(
    'scan',
    'a scanner reads files',
    job('scan', [], () => ['sh', '-c', SCAN, 'scan', project]),
  ),
  harmless(
    'cron',
    'a burst of short processes',
    job('cron', [], () => ['sh', '-c', BURST]),
  ),
  harmless(
    'more-traffic',
    'two fifths more requests',
    traffic('two fifths more requests come', { shape: 'surge', rate: 35, peak: 49, rampSeconds: 5 }),
  ),
  harmless('save-cache', 'the cache is saved to the disk', saveCache()),
  harmless('certificate', 'the certificate of the edge is renewed', certificate(60)),
  harmless(
    'build',
    'a build runs on the host',
    job('build', [], () => [
      'nice',
      '-n',
      '15',
      `${project}/node_modules/.bin/tsc`,
      '-p',
      `${project}/tsconfig.json`,
      '--incremental',
      'false',
    ]),
  ),
  harmless(
    'copy',
    'a large file is copied',
    job('copy', [], (stack) => ['sh', '-c', COPY, 'copy', stack.folder]),
  ),
];
