import { z } from 'zod';
import { duration } from './values.ts';

const text = (description: string) => z.string().min(1).nullable().prefault(null).meta({ description });

const DAYS = { '7d': 7, '28d': 28, '30d': 30 } as const;

/** One objective: what of a service counts as good, and how much of it must be. */
export const objectiveSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'a name of letters, digits, dots, dashes, at most 64 characters')
      .meta({ description: 'What the objective is called.' }),
    service: text(
      'Whose objective it is. Without `good` and `total`, or `histogram`, its derived figures are counted.',
    ),
    target: z.number().gt(0).lt(100).prefault(99.9).meta({ description: 'The share of good requests, in per cent.' }),
    window: z
      .enum(['7d', '28d', '30d'])
      .prefault('30d')
      .transform((window) => DAYS[window] * 86_400_000)
      .meta({ description: 'Over how long it must hold: 7d, 28d or 30d.' }),
    good: text('PromQL: good requests a second, one number.'),
    total: text('PromQL: all requests a second, one number.'),
    histogram: text('A histogram of answer times, by its name without `_bucket`.'),
    match: text('Which of its series, as between { and }: `job="shop"`.'),
    limit: duration('1ms', '1h')
      .nullable()
      .prefault(null)
      .meta({ description: 'Answers within this are good; for `histogram` one of its bounds.' }),
  })
  .superRefine(({ service, good, total, histogram, match, limit }, context) => {
    const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if ((good === null) !== (total === null)) fault(good === null ? 'good' : 'total', 'both, good and total, or none');
    if (good !== null && (histogram !== null || limit !== null)) fault('good', 'either good and total, or a limit');
    if (histogram !== null && limit === null) fault('limit', 'the limit within which an answer is good');
    if (match !== null && histogram === null) fault('match', 'nothing, as there is no histogram');
    if (service === null && good === null && histogram === null)
      fault('service', 'a service whose figures are counted, or good and total, or a histogram');
  });
