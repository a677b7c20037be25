import { AuspexError } from '../../../errors.ts';
import { actor, type Handlers } from '../handlers.ts';
import { entityIdOf, namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { alertToWire, silenceToWire } from '../wire.ts';

type Tag = 'alerts' | 'alert' | 'alertRules' | 'silences' | 'addSilence' | 'removeSilence' | 'channels' | 'testChannel';

export function alertHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { records, engine, notifier, clock } = parts;
  return {
    alerts: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('alerts', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(query.incident === undefined ? {} : { incidentId: query.incident }),
        },
        orderBy: 'startedAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.map((row) => row.entityId)));
      return { items: page.rows.map((row) => alertToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
    alert: async ({ params }) => {
      const row = await records.get('alerts', params.id);
      if (row === undefined) throw new AuspexError('NOT_FOUND', `There is no alert with the id “${params.id}”.`);
      return alertToWire(row, await namesFor(parts, [row.entityId]));
    },
    alertRules: async () => ({
      items: engine.alertRules().map(({ forMs, ...rule }) => ({ ...rule, forSeconds: forMs / 1000 })),
    }),
    silences: async () => {
      const page = await records.find('silences', {
        where: { endsAt: { gt: clock.now() } },
        orderBy: 'endsAt',
        limit: 500,
      });
      return { items: page.rows.map(silenceToWire) };
    },
    addSilence: async ({ body }, context) => {
      const now = clock.now();
      const startsAt = body.startsAt === undefined ? now : Date.parse(body.startsAt);
      const endsAt = Date.parse(body.endsAt);
      if (endsAt <= Math.max(now, startsAt))
        throw new AuspexError(
          'BAD_REQUEST',
          `body.endsAt: the silence ends at ${body.endsAt}, before it begins or has begun.`,
          {
            data: { field: 'body.endsAt' },
          },
        );
      const silence = await engine.addSilence({
        entityId: body.entityId === null ? null : await entityIdOf(parts, body.entityId),
        rule: body.rule,
        subject: body.subject,
        startsAt,
        endsAt,
        reason: body.reason,
        createdBy: actor(context),
      });
      return silenceToWire(silence);
    },
    removeSilence: async ({ params }) => {
      if ((await records.get('silences', params.id)) === undefined)
        throw new AuspexError('NOT_FOUND', `There is no silence with the id “${params.id}”.`);
      await engine.removeSilence(params.id);
      return undefined;
    },
    channels: async () => ({ items: [...(await notifier.channels())] }),
    testChannel: async ({ params }) => await notifier.test(params.id),
  };
}
