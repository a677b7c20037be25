import { expect, test } from 'vitest';
import { normalReach, studentReach } from './student.ts';

test.each([
  [0.8, 1, 3.0777],
  [0.8, 10, 1.3722],
  [0.9, 1, 6.3138],
  [0.9, 2, 2.92],
  [0.9, 3, 2.3534],
  [0.9, 5, 2.015],
  [0.9, 30, 1.6973],
  [0.95, 1, 12.7062],
  [0.95, 4, 2.7764],
  [0.95, 10, 2.2281],
  [0.99, 3, 5.8409],
  [0.99, 10, 3.1693],
])('within %f of a Student variable with %i degrees of freedom: %f, as the tables say', (level, degrees, reach) => {
  expect(Math.abs(studentReach(level, degrees) / reach - 1)).toBeLessThan(2e-3);
});

test('it falls with every part of a degree, towards the normal', () => {
  for (const level of [0.8, 0.9, 0.95, 0.99]) {
    let before = studentReach(level, 0.3);
    expect(before).toBe(studentReach(level, 1));
    for (let degrees = 1.1; degrees < 40; degrees += 0.1) {
      const reach = studentReach(level, degrees);
      expect(reach, `${level} with ${degrees}`).toBeLessThan(before);
      before = reach;
    }
    expect(Math.abs(studentReach(level, 1e6) / normalReach(level) - 1)).toBeLessThan(1e-4);
  }
});
