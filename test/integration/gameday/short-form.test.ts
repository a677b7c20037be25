import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../../../gameday/options.ts';
import { Round } from '../../../gameday/runner/round.ts';
import { chosen } from '../../../gameday/scenarios/list.ts';
import { whyNoGameday } from '../../../gameday/stack/requirements.ts';

const reason = whyNoGameday();

/* A gameday in short: a process, a file system, a store, and a harmless one, on the real stack. */

test.skipIf(reason !== null)(
  `faults show as they should and are undone, and a harmless thing disturbs nobody${reason === null ? '' : ` (skipped: ${reason})`}`,
  async () => {
    const out = mkdtempSync(join(tmpdir(), 'gameday-test-'));
    const round = new Round(readOptions(['--verify', '--out', out]));
    try {
      const seen = await round.verify(chosen(['01-kill', '07-full-disk', '13-cache-full', '29-logrotate']));
      expect(
        seen.map(({ scenario, isShown, isUndone, problems }) => ({ scenario, isShown, isUndone, problems })),
      ).toEqual(
        ['01-kill', '07-full-disk', '13-cache-full', '29-logrotate'].map((scenario) => ({
          scenario,
          isShown: true,
          isUndone: true,
          problems: [],
        })),
      );
      expect(JSON.parse(readFileSync(join(out, 'verify.json'), 'utf8'))).toHaveLength(4);
    } finally {
      await round.close();
      rmSync(out, { recursive: true, force: true });
    }
  },
  150_000,
);
