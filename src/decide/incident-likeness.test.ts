import { expect, test } from 'vitest';
import { sampleIncidents } from '../../test/integration/api/sample-incidents.ts';
import type { Incident } from '../model/index.ts';
import { similarTo } from './incident-likeness.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const [disk, load, past] = sampleIncidents(NOW) as readonly [Incident, Incident, Incident];
const before = (id: string, more: Partial<Incident>): Incident => ({ ...past, id, causes: disk.causes, ...more });

test('the most alike first, with what they have in common; what came later, or became part of another, is none', () => {
  const twin = before('twin', {});
  const found = similarTo(
    disk,
    [
      load,
      past,
      before('later', { startedAt: NOW }),
      before('part', { mergedInto: 'twin' }),
      before('place', { class: 'hang', causes: [], signs: [] }),
      before('culprit', { class: 'hang', signs: [] }),
      twin,
      disk,
    ],
    3,
  );
  expect(found.map(({ incident: { id }, why }) => [id, why])).toEqual([
    ['twin', 'In common: the same class (disk full), / on web-1 and shop behind it, one sign of the same kind.'],
    ['i-past', 'In common: the same class (disk full), one sign of the same kind.'],
    ['culprit', 'In common: / on web-1 and shop behind it.'],
  ]);
});

test('of no known class only culprits and signs tell', () => {
  expect(
    similarTo({ ...load, class: 'unknown' }, [before('x', { class: 'unknown', causes: [], signs: [] })], 5),
  ).toEqual([]);
});
