import type { Client } from '../../api/client.ts';
import type { OutlookView } from '../../api/contract/index.ts';
import { exitCodes, formatTime, type Output, paint, severityMark, table } from '../output.ts';
import { confidenceText } from './now.ts';

const KINDS: Readonly<Record<OutlookView['kind'], string>> = {
  bottleneck: 'minutes',
  budget: 'budget',
  capacity: 'capacity',
};

/** `auspex predict [--hours 24]`: what will go wrong, soonest first; exit 1 when something is foreseen. */
export async function predict(
  client: Client,
  output: Output,
  options: { readonly hours: number; readonly host?: string },
): Promise<number> {
  const { items } = await client.call('outlook', {
    query: { hours: options.hours, ...(options.host === undefined ? {} : { entity: options.host }) },
  });
  output.data(items, () => {
    if (items.length === 0) output.print(`Nothing is foreseen to go wrong within ${options.hours} h.`);
    else
      output.print(
        table(
          ['SEVERITY', 'KIND', 'WHEN', 'WHAT', 'CONFIDENCE'],
          items.map((item) => [
            severityMark(output, item.severity),
            KINDS[item.kind],
            item.dueAt === null ? '–' : formatTime(item.dueAt),
            item.sentence,
            confidenceText(item.confidence),
          ]),
        ),
      );
    for (const { advice, entityName, component } of items.filter((item) => item.advice !== ''))
      output.print(`  → ${entityName}, ${component}: ${advice}`);
    for (const record of new Set(items.map((item) => item.record))) output.print(paint(output, 'quiet', record));
  });
  return items.some(({ severity }) => severity !== 'none') ? exitCodes.findings : exitCodes.fine;
}
