import type { Arm } from './arm.ts';

/** Nobody on watch: what ends stays ended. The floor that every other arm is compared with. */
export function noArm(): Arm {
  return plain('none', 'once');
}

/** A process supervisor as everybody has one: a part that ends is started again after a second, and nothing else. */
export function restartArm(): Arm {
  return plain('restart', 'up');
}

function plain(name: 'none' | 'restart', supervision: Arm['supervision']): Arm {
  return {
    name,
    supervision,
    prepare: () => Promise.resolve(),
    told: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}
