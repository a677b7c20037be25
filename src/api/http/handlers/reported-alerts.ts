import type { z } from 'zod';
import type { EngineView } from '../../../engine/engine-view.ts';
import { Turns } from '../../../engine/turns.ts';
import type { alertmanagerAlerts, alertsTaken, grafanaAlerts } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';

type Body = z.output<typeof alertmanagerAlerts> | z.output<typeof grafanaAlerts>;
type Reported = Parameters<EngineView['takeReported']>[0][number];

export function reportedAlertHandlers(parts: ServerParts): Pick<Handlers, 'alertmanagerAlerts' | 'grafanaAlerts'> {
  const take = async ({ body }: { readonly body: Body }): Promise<z.output<typeof alertsTaken>> => {
    const { taken, leftOut } = await parts.engine.takeReported(await reportedOfAll(body.alerts));
    if (body.truncatedAlerts > 0)
      parts.log.warn({ truncated: body.truncatedAlerts }, 'A sender of alerts left some out: see max_alerts there');
    return { taken, leftOut: leftOut + body.truncatedAlerts };
  };
  return { alertmanagerAlerts: take, grafanaAlerts: take };
}

async function reportedOfAll(alerts: Body['alerts']): Promise<Reported[]> {
  const turns = new Turns();
  const reported: Reported[] = [];
  for (const alert of alerts) {
    await turns.give();
    reported.push(reportedOf(alert));
  }
  return reported;
}

function reportedOf(alert: Body['alerts'][number]): Reported {
  const { status, labels, annotations, startsAt, endsAt, generatorURL = '', fingerprint } = alert;
  return {
    status,
    labels,
    annotations,
    startsAt: timeOf(startsAt),
    endsAt: timeOf(endsAt),
    generatorUrl: generatorURL === '' ? null : generatorURL,
    fingerprint: fingerprint ?? null,
  };
}

/** Both write "not yet" as the first day of year 1. */
function timeOf(text: string | undefined): number | null {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return at > 0 ? at : null;
}
