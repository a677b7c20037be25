import { expect, test } from 'vitest';
import { cutAgentOff, isAgentGood } from '../acceptance/agent.ts';
import { areWorkersEqual, compareWorkers } from '../acceptance/workers.ts';
import { areCutsGood, cutAgainAndAgain } from '../acceptance/power-cut.ts';
import { isKillGood, killAgainAndAgain } from '../acceptance/kill.ts';
import { whyNoLoopDisks } from '../acceptance/support.ts';

/* Short forms of test/acceptance: what a change would break shows here, the figures come from the long forms. */

const noLoopDisks = whyNoLoopDisks();
const unless = noLoopDisks === null ? '' : ` (skipped: ${noLoopDisks})`;

test('kill -9 under load: ready again at once, nothing acknowledged lost, nothing twice, the same findings', async () => {
  const result = await killAgainAndAgain(3, 2000);
  expect(result, JSON.stringify(result)).toSatisfy(isKillGood);
}, 90_000);

test('one worker and three find the same, and so does a replay', async () => {
  const rows = await compareWorkers(3, 45);
  expect(rows, JSON.stringify(rows)).toSatisfy(areWorkersEqual);
}, 90_000);

test('an agent cut off and killed meanwhile loses nothing and sends nothing twice', async () => {
  const result = await cutAgentOff(16, 1);
  expect(result, JSON.stringify(result)).toSatisfy(isAgentGood);
}, 120_000);

test.skipIf(noLoopDisks !== null)(
  `what was acknowledged survives a power cut${unless}`,
  async () => {
    const rows = await cutAgainAndAgain(2);
    expect(rows, JSON.stringify(rows)).toSatisfy(areCutsGood);
  },
  90_000,
);
