import { program } from '../stack/execute.ts';
import { harmlessScenarios } from './harmless.ts';
import { processScenarios } from './processes.ts';
import type { Scenario } from './scenario.ts';
import { surroundingScenarios } from './surroundings.ts';

/** All there are, by number. */
export const scenarios: readonly Scenario[] = [...processScenarios, ...surroundingScenarios, ...harmlessScenarios].sort(
  (a, b) => a.id.localeCompare(b.id),
);

/**
 * The scenarios meant by some words: a whole id, a number (`7`, and `29` for all harmless ones) or a name (`full-disk`).
 * @throws Error for a word that means none.
 */
export function chosen(words: readonly string[]): Scenario[] {
  const meant = new Set<Scenario>();
  for (const word of words) {
    const found = scenarios.filter(({ id }) => {
      const number = id.slice(0, 2);
      return word === id || word === id.slice(3) || (/^\d+$/.test(word) && Number(word) === Number(number));
    });
    if (found.length === 0) throw new Error(`There is no scenario "${word}". \`--list\` names them all.`);
    for (const one of found) meant.add(one);
  }
  return scenarios.filter((one) => meant.has(one));
}

/** Why a scenario cannot run here; null when it can. */
export function whyNot(scenario: Scenario): string | null {
  const missing = scenario.inject.flatMap(({ programs = [] }) => programs).filter((name) => program(name) === null);
  return missing.length === 0 ? null : `${[...new Set(missing)].join(', ')} not installed`;
}
