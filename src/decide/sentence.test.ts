import { expect, test } from 'vitest';
import { overviewSentence, type SentenceEntity } from './sentence.ts';

const host = (name: string, state: SentenceEntity['state'] = 'ok', sentence = ''): SentenceEntity => ({
  id: `host:${name}`,
  name,
  kind: 'host',
  state,
  sentence,
});
const alert = (entity: string, summary: string, more = {}) => ({
  entityId: `host:${entity}`,
  severity: 'high' as const,
  state: 'firing' as const,
  summary,
  firedAt: 1,
  ...more,
});
const fills = {
  entityId: 'host:db-1',
  sentence: 'db-1’s disk fills in 9 days (7–12).',
  severity: 'medium' as const,
  dueAt: 5,
};

test.each<[string, string, Parameters<typeof overviewSentence>]>([
  ['nothing yet', 'Nothing is watched yet. The first samples come within seconds.', [[], [], []]],
  ['one host', 'web-1 is well.', [[host('web-1')], [], []]],
  [
    'three hosts and what comes',
    'All is well: 3 hosts. db-1’s disk fills in 9 days (7–12).',
    [[host('a'), host('b'), host('db-1')], [], [fills]],
  ],
  ['what is not worth a word is not said', 'web-1 is well.', [[host('web-1')], [], [{ ...fills, severity: 'none' }]]],
  [
    'an alert first',
    'db-1: Disk / is 97 % full. web-1 is well.',
    [[host('web-1'), host('db-1', 'alerting')], [alert('db-1', 'Disk / is 97 % full')], []],
  ],
  ['learning', 'web-1 needs 20 more minutes.', [[host('web-1', 'learning', 'web-1 needs 20 more minutes.')], [], []]],
  [
    'unusual and silent',
    'c: Silent for 4 min. b: CPU is unusual. a is well.',
    [[host('a'), host('b', 'unusual', 'CPU is unusual.'), host('c', 'stale', 'Silent for 4 min')], [], []],
  ],
  ['a held alert is no news', 'a is well.', [[host('a', 'alerting')], [alert('a', 'x', { state: 'held' })], []]],
  [
    'many alerts are counted, the worst named',
    'c: Worst. a: One. 1 more alert.',
    [
      [host('a', 'alerting'), host('b', 'alerting'), host('c', 'alerting')],
      [alert('b', 'Two', { firedAt: 2 }), alert('a', 'One'), alert('c', 'Worst', { severity: 'critical', firedAt: 9 })],
      [],
    ],
  ],
  [
    'services',
    '2 hosts and 1 service are well. 2 are still being learnt.',
    [[host('a'), host('b'), { ...host('s'), kind: 'service' }, host('d', 'learning'), host('e', 'learning')], [], []],
  ],
])('%s', (_, expected, input) => {
  expect(overviewSentence(...input)).toBe(expected);
});
