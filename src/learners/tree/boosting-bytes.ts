import type { ModelReader, ModelWriter } from '../model-bytes.ts';
import type { BoostingParameters } from './boosting.ts';

export function writeBoosting(writer: ModelWriter, p: Required<BoostingParameters>): ModelWriter {
  writer.number(p.nRounds).number(p.learningRate).number(p.maxLeaves).number(p.maxDepth).number(p.minLeaf);
  writer.number(p.l2).number(p.maxBins).number(p.rowShare).number(p.columnShare).number(p.validationShare);
  writer.text(p.validateOn).number(p.patience).number(p.seed);
  return writer.float64s(Float64Array.from(p.categoricalColumns));
}

export function readBoosting(reader: ModelReader): BoostingParameters {
  return {
    nRounds: reader.number(),
    learningRate: reader.number(),
    maxLeaves: reader.number(),
    maxDepth: reader.number(),
    minLeaf: reader.number(),
    l2: reader.number(),
    maxBins: reader.number(),
    rowShare: reader.number(),
    columnShare: reader.number(),
    validationShare: reader.number(),
    validateOn: reader.text() === 'last' ? 'last' : 'random',
    patience: reader.number(),
    seed: reader.number(),
    categoricalColumns: [...reader.float64s()],
  };
}
