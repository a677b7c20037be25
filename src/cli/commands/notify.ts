import type { Client } from '../../api/client.ts';
import type { OperationInput, OperationOutput } from '../../api/contract/index.ts';
import { formatDuration } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, paint } from '../output.ts';

type Question = OperationInput<'notifyRoute'>['body'];
type Answer = OperationOutput<'notifyRoute'>;

export type RouteOptions = Pick<Question, 'incident' | 'severity' | 'class' | 'kind' | 'service' | 'entity' | 'at'>;

/** `auspex notify route`: whom an incident would reach, and why; exit 1 when nobody. */
export async function notifyRoute(client: Client, output: Output, options: RouteOptions): Promise<number> {
  const answer = await client.call('notifyRoute', { body: options });
  output.data(answer, () => {
    output.print(paint(output, 'strong', routeSentence(answer)));
    for (const { channel, receiver, route, quietUntilAt } of answer.targets) {
      const by = receiver === channel ? '' : ` by ${receiver}`;
      const why = route === null ? 'no route holds, so every channel is told' : `route ${route}`;
      const when = quietUntilAt === null ? '' : `; quiet until ${formatTime(quietUntilAt)}`;
      output.print(`  ${channel}${by}: ${why}${when}`);
    }
    for (const { channel, reason } of answer.left) output.print(`  not ${channel}: ${reason}`);
    if (answer.looked.length > 0) output.print('\nRoutes, in order');
    for (const { route, holds, reason } of answer.looked)
      output.print(`  ${holds ? 'yes' : 'no '}  ${route}: ${reason}`);
    if (answer.steps.length > 0) output.print(`\nWhile nobody takes it (escalation ${answer.escalation ?? ''})`);
    for (const { afterSeconds, to } of answer.steps)
      output.print(`  after ${formatDuration(afterSeconds * 1000)}: ${to.join(', ')}`);
  });
  return answer.targets.length === 0 ? exitCodes.findings : exitCodes.fine;
}

function routeSentence({ severity, targets, at }: Answer): string {
  const channels = targets.map(({ channel }) => channel).join(', ');
  return channels === ''
    ? `Nobody would be told of what is ${severity} at ${formatTime(at)}.`
    : `What is ${severity} at ${formatTime(at)} reaches ${channels}.`;
}
