import { readFileSync } from 'node:fs';
import type { LoadShape } from '../load/shapes.ts';
import { shapeFile } from '../probe/outside.ts';
import { run } from '../stack/execute.ts';
import { type Step, writeWords } from './step.ts';

/** Clients come in another shape. */
export function traffic(says: string, shape: LoadShape): Step {
  return {
    says,
    async apply({ stack }) {
      const file = shapeFile(stack);
      stack.ledger.add(writeWords(file, readFileSync(file, 'utf8')), false);
      await run(writeWords(file, JSON.stringify(shape)));
    },
  };
}
