import { AuspexError } from '../../../errors.ts';
import type { Condition, ConfidenceBand, Where, TrackRecordRow } from '../../../model/index.ts';
import type { Handlers } from '../handlers.ts';
import { entityIdOf, namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { modelStateToWire, modelToWire, predictionToWire, trackRecordToWire, trainOutcomeToWire } from '../wire.ts';

type Tag = 'models' | 'model' | 'trainModel' | 'promoteModel' | 'predictModel' | 'ledger' | 'predictions';

/** The bands of confidence as ranges of the stated probability. */
const bandRange: Readonly<Record<ConfidenceBand, Condition<number>>> = {
  low: { lt: 0.4 },
  medium: { gte: 0.4, lt: 0.7 },
  high: { gte: 0.7, lt: 0.9 },
  'very high': { gte: 0.9 },
};

export function modelHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { engine, records } = parts;
  return {
    models: async () => {
      const models = await engine.models();
      const nameOf = await namesFor(parts, new Set(models.map((m) => m.metadata.entityId)));
      return { items: models.map((m) => modelStateToWire(m, nameOf)) };
    },
    model: async ({ params, query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('model_metadata', {
        where: { name: params.name, ...(entityId === undefined ? {} : { entityId }) },
        orderBy: 'trainedAt',
        descending: true,
        limit: 500,
      });
      if (page.rows.length === 0) throw new AuspexError('NOT_FOUND', `No model is called “${params.name}”.`);
      const nameOf = await namesFor(parts, new Set(page.rows.map((row) => row.entityId)));
      return { items: page.rows.map((row) => modelToWire(row, nameOf)) };
    },
    trainModel: async ({ params, body }) => {
      const outcomes = await engine.train(params.name, await optionalEntityId(parts, body.entity), body.force);
      const nameOf = await namesFor(parts, new Set(outcomes.map((o) => o.entityId)));
      return { items: outcomes.map((o) => trainOutcomeToWire(o, nameOf)) };
    },
    promoteModel: async ({ params, body }) => {
      const model = await engine.promote(params.name, await entityIdOf(parts, body.entity), body.version);
      return modelToWire(model, await namesFor(parts, [model.entityId]));
    },
    predictModel: async ({ params, body }) => {
      const { items, ...model } = await engine.predict(
        params.name,
        await optionalEntityId(parts, body.entity),
        body.rows,
      );
      return { ...model, items: [...items] };
    },
    ledger: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const where: Where<TrackRecordRow> = {
        ...(entityId === undefined ? {} : { entityId }),
        ...(query.type === undefined ? {} : { type: query.type }),
      };
      const page = await records.find('track_records', { where, limit: 500 });
      return { items: page.rows.map(trackRecordToWire) };
    },
    predictions: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('predictions', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
          ...(query.type === undefined ? {} : { type: query.type }),
          ...(query.outcome === undefined ? {} : { outcome: query.outcome }),
          ...(query.confidence === undefined ? {} : { probability: bandRange[query.confidence] }),
        },
        orderBy: 'madeAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.map((row) => row.entityId)));
      return { items: page.rows.map((row) => predictionToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
  };
}
