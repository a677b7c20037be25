import type { ArmName } from '../contract.ts';
import type { ArmMaker } from './arm.ts';
import { noArm, restartArm } from './plain.ts';

/** The arms there are; an arm's code is loaded when it runs. */
export const arms: Readonly<Record<ArmName, () => Promise<ArmMaker>>> = {
  none: () => Promise.resolve(noArm),
  restart: () => Promise.resolve(restartArm),
  auspex: async () => (await import('./auspex.ts')).auspexArm,
};
