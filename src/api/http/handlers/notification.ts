import type { z } from 'zod';
import { AuspexError } from '../../../errors.ts';
import type { Alert, Incident, NotificationRow, Where } from '../../../model/index.ts';
import type { EngineView } from '../../../engine/engine-view.ts';
import type { notification, OperationInput, OperationOutput } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';
import { iso, isoOrNull } from '../wire.ts';

type WeekHours = ReturnType<EngineView['routing']>['receivers'][number]['quiet'][number];
type Precision = Omit<ReturnType<EngineView['precision']>[number], 'source'>;
type Tag = 'channels' | 'testChannel' | 'notifyPlan' | 'notifyRoute' | 'notifications' | 'detectorPrecision';

export function notificationHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { records, engine, notifier } = parts;
  return {
    channels: async () => ({
      items: (await notifier.channels()).map(({ failingSince, waitingSince, lastDeliveredAt, ...channel }) => ({
        ...channel,
        failingSinceAt: isoOrNull(failingSince),
        waitingSinceAt: isoOrNull(waitingSince),
        lastDeliveredAt: isoOrNull(lastDeliveredAt),
      })),
    }),
    testChannel: async ({ params }) => await notifier.test(params.id),
    notifyPlan: async () => planOf(parts),
    notifyRoute: async ({ body }) => routeOf(parts, body),
    notifications: async ({ query }) => {
      const page = await records.find('notifications', {
        where: {
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(query.channel === undefined ? {} : { channel: query.channel }),
          ...(query.incident === undefined ? {} : { incidentId: query.incident }),
        },
        orderBy: 'createdAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      return { items: page.rows.map((row) => rowToWire(parts, row)), nextCursor: page.nextCursor };
    },
    detectorPrecision: async () => ({
      items: engine.precision().map(({ probability, ...rest }) => ({
        ...rest,
        value: probability,
        sentence: precisionSentence({ ...rest, probability }),
      })),
    }),
  };
}

/** What was written to whom, the newest first. */
export async function messagesOf(
  parts: ServerParts,
  where: Where<NotificationRow>,
  { limit }: { readonly limit: number },
): Promise<z.infer<typeof notification>[]> {
  const page = await parts.records.find('notifications', { where, orderBy: 'createdAt', descending: true, limit });
  return page.rows.map((row) => rowToWire(parts, row));
}

function rowToWire({ engine }: ServerParts, row: NotificationRow): z.infer<typeof notification> {
  const { id, kind, incidentId, channel, receiver, title, severity, state, tries, lastError } = row;
  return {
    id,
    kind,
    incidentId,
    channel,
    receiver,
    title,
    severity,
    state,
    tries,
    lastError,
    createdAt: iso(row.createdAt),
    nextTryAt: iso(row.nextTryAt),
    keptUntilAt: state === 'waiting' && tries === 0 ? isoOrNull(engine.keptUntil(row)) : null,
    deliveredAt: isoOrNull(row.deliveredAt),
  };
}

async function routeOf(
  { engine, records }: ServerParts,
  { incident: id, at, ...question }: OperationInput<'notifyRoute'>['body'],
): Promise<OperationOutput<'notifyRoute'>> {
  const incident =
    id === undefined
      ? undefined
      : (engine.incidents().find((one) => one.id === id) ?? (await records.get('incidents', id)));
  if (id !== undefined && incident === undefined)
    throw new AuspexError('NOT_FOUND', `There is no incident with the id “${id}”.`);
  const answer = engine.route({
    ...question,
    kind: question.kind ?? (incident === undefined ? undefined : await kindOf(incident, records)),
    incident,
    at: at === undefined ? undefined : Date.parse(at),
  });
  return {
    at: iso(answer.at),
    severity: answer.severity,
    targets: answer.targets.map(({ quietUntil, ...target }) => ({ ...target, quietUntilAt: isoOrNull(quietUntil) })),
    looked: answer.looked.map((one) => ({ ...one })),
    left: answer.left.map((one) => ({ ...one })),
    escalation: answer.escalation,
    steps: answer.steps.map(({ afterMs, to }) => ({ afterSeconds: afterMs / 1000, to: [...to] })),
  };
}

/** Of the alert of which people were told, else of the first that is part of it. */
async function kindOf(incident: Incident, records: ServerParts['records']): Promise<Alert['kind'] | undefined> {
  const id = incident.leadAlertId ?? incident.signs.find(({ kind }) => kind === 'alert')?.id;
  if (id !== undefined) return (await records.get('alerts', id))?.kind;
  return incident.signs.length === 0 ? undefined : 'anomaly';
}

function planOf({ engine }: ServerParts): OperationOutput<'notifyPlan'> {
  const { receivers, routes, escalations } = engine.routing();
  return {
    receivers: receivers.map(({ name, to, quiet, timeZone }) => ({
      name,
      to: [...to],
      quiet: quiet.map(hoursToWire),
      timeZone,
    })),
    routes: routes.map((route) => ({
      ...route,
      severity: [...route.severity],
      class: [...route.class],
      kind: [...route.kind],
      service: [...route.service],
      entity: [...route.entity],
      match: route.match.map(({ name, op, value }) => `${name}${op}${value}`),
      hours: route.hours.map(hoursToWire),
      to: [...route.to],
    })),
    escalations: escalations.map(({ name, steps, repeat }) => ({
      name,
      repeat,
      steps: steps.map(({ afterMs, to }) => ({ afterSeconds: afterMs / 1000, to: [...to] })),
    })),
  };
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

function hoursToWire({ days, fromMinute, toMinute }: WeekHours) {
  return { days: days.map((day) => DAYS[day] ?? 'sun'), from: clockOf(fromMinute), to: clockOf(toMinute) };
}

function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

function precisionSentence({ confirmed, dismissed, probability, lower, upper }: Precision): string {
  const percent = (share: number): number => Math.round(share * 100);
  const all = confirmed + dismissed;
  return `Of ${all} that people judged ${confirmed} were trouble: ${percent(probability)} % of the next ones, ${percent(lower)}–${percent(upper)} % with 80 % certainty.`;
}
