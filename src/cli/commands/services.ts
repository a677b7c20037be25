import type { Client } from '../../api/client.ts';
import type { ServiceDetail } from '../../api/contract/index.ts';
import { exitCodes, formatTime, type Output, paint, table } from '../output.ts';

/** Below it a service is not called well. */
const WELL = 80;

/** `auspex services`: all, worst first; exit 1 when one is not well. */
export async function listServices(client: Client, output: Output): Promise<number> {
  const answer = await client.call('services', {});
  output.data(answer, () => {
    output.print(answer.sentence);
    if (answer.items.length === 0) return;
    output.print(
      table(
        ['HEALTH', 'SERVICE', 'PARTS', 'CALLS', 'CALLED BY', 'INCIDENTS', 'WHAT'],
        answer.items.map((one) => [
          one.score === null ? '–' : String(one.score),
          one.name,
          String(one.instances),
          String(one.calls),
          String(one.calledBy),
          String(one.openIncidents),
          one.score !== null && one.score >= WELL ? '' : one.sentence,
        ]),
      ),
    );
  });
  return answer.items.some(({ score }) => score !== null && score < WELL) ? exitCodes.findings : exitCodes.fine;
}

/** `auspex services NAME`: what its health is made of, its parts, who calls whom; exit 1 when it is not well. */
export async function showService(client: Client, output: Output, name: string): Promise<number> {
  const service = await client.call('service', { params: { id: name } });
  output.data(service, () => {
    const head = service.score === null ? service.sentence : `health ${service.score}. ${service.sentence}`;
    output.print(`${paint(output, 'strong', service.name)}: ${head}`);
    if (service.dimensions.length > 0) output.print(`\n${dimensionTable(service)}`);
    for (const text of service.missing) output.print(paint(output, 'quiet', `Left out: ${text}`));
    output.print(`\n${memberTable(service)}`);
    output.print(`\nCalls: ${names(service.callees)}\nCalled by: ${names(service.callers)}`);
    for (const incident of service.incidents) output.print(`Open incident ${incident.id}: ${incident.title}`);
  });
  return service.score !== null && service.score < WELL ? exitCodes.findings : exitCodes.fine;
}

/** `auspex services remove NAME`. */
export async function removeService(client: Client, output: Output, name: string): Promise<number> {
  const removed = await client.call('removeService', { params: { id: name } });
  output.data(removed, () => output.print(removed.sentence));
  return exitCodes.fine;
}

function dimensionTable({ dimensions }: ServiceDetail): string {
  return table(
    ['HEALTH', 'OF', 'WHY'],
    dimensions
      .toSorted((a, b) => a.score - b.score)
      .map(({ name, score, reason }) => [String(Math.round(score)), name, reason]),
  );
}

function memberTable({ members, lastSeenAt }: ServiceDetail): string {
  if (members.length === 0) return `Nothing of it is seen; last ${formatTime(lastSeenAt)}.`;
  return table(
    ['PART', 'ON', 'AT'],
    members.map(({ name, part, endpoint }) => [part === '' ? name : part, part === '' ? '–' : name, endpoint ?? '–']),
  );
}

function names(neighbours: ServiceDetail['callees']): string {
  if (neighbours.length === 0) return 'nobody that is known';
  return neighbours.map(({ name, score }) => (score === null ? name : `${name} (${score})`)).join(', ');
}
