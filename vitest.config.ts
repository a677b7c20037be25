import { defineConfig } from 'vitest/config';

/** These lay and take away network devices, at which every browser on the machine drops the requests it has under way: they run after the others. */
const networks = [
  'test/integration/gameday/**/*.test.ts',
  'test/integration/api/far-proxy.test.ts',
  'test/integration/host/networks.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/skipped-reporter.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'all but networks',
          include: [
            'src/**/*.test.{ts,tsx}',
            'test/**/*.test.ts',
            'dashboard/src/**/*.test.{ts,tsx}',
            'gameday/**/*.test.ts',
          ],
          exclude: networks,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'networks', include: networks, sequence: { groupOrder: 1 } } },
    ],
  },
});
