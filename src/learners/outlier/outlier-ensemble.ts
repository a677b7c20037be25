import { AuspexError } from '../../errors.ts';
import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { IsolationForest } from './isolation-forest.ts';
import { KNearestNeighbours } from './k-nearest-neighbours.ts';
import { NearestInSamples } from './nearest-in-samples.ts';
import { drawRows, type OutlierDetector, RowScorer, takeRows } from './outlier-detector.ts';
import { RobustCovariance } from './robust-covariance.ts';
import { ScoreScale } from './score-scale.ts';

const KIND = 'outlier-ensemble';
const VERSION = 1;
/** Training rows whose scores make a member's scale. */
const SCALE_ROWS = 2000;

interface Member {
  readonly kind: MemberKind;
  readonly detector: OutlierDetector;
  readonly scale: ScoreScale;
}

interface MemberKind {
  readonly name: string;
  readonly mostColumns: number;
  readonly create: (seed: number) => OutlierDetector;
  readonly fromBytes: (bytes: Uint8Array) => OutlierDetector;
}

/** The members, each another idea of what is unusual. */
const memberKinds: readonly MemberKind[] = [
  {
    name: 'isolation-forest',
    mostColumns: Infinity,
    create: (seed) => new IsolationForest({ seed }),
    fromBytes: IsolationForest.fromBytes,
  },
  {
    name: 'robust-covariance',
    // The covariance of more columns costs more than it tells.
    mostColumns: 200,
    create: () => new RobustCovariance(),
    fromBytes: RobustCovariance.fromBytes,
  },
  // Neighbourhoods of three scales: few rows see groups of anomalies, many the edges of dense places.
  {
    name: 'nearest-in-samples',
    mostColumns: Infinity,
    create: (seed) => new NearestInSamples({ seed, nSamples: 100, sampleSize: 16 }),
    fromBytes: NearestInSamples.fromBytes,
  },
  {
    name: 'nearest-in-larger-samples',
    mostColumns: Infinity,
    create: (seed) => new NearestInSamples({ seed, nSamples: 50, sampleSize: 64 }),
    fromBytes: NearestInSamples.fromBytes,
  },
  {
    name: 'k-nearest-neighbours',
    mostColumns: Infinity,
    create: (seed) => new KNearestNeighbours({ seed }),
    fromBytes: KNearestNeighbours.fromBytes,
  },
];

export interface OutlierEnsembleParameters {
  readonly seed: number;
}

/**
 * Several ideas of "unusual" at once: random splits (isolation forest), the shape of the central half (robust covariance),
 * and distance to neighbours at three scales (nearest in samples of 16 and of 64 rows, k nearest of all). Each score becomes a surprise by the
 * scores of the training rows (−ln of the share at least as high), and the mean surprise counts: Fisher's way of joining
 * tests (1925), so that one member that is sure is heard above others that see nothing.
 *
 * Weak where only one member sees the anomaly and only a little. NaN says nothing.
 * Fit and score: the sum of the members'.
 */
export class OutlierEnsemble extends RowScorer {
  readonly kind = KIND;
  readonly seed: number;
  #nCols = 0;
  #members: readonly Member[] = [];

  constructor(parameters: OutlierEnsembleParameters) {
    super();
    this.seed = parameters.seed;
  }

  get nCols(): number {
    return this.#nCols;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const random = new SeededRandom(this.seed);
    const judged = drawRows(nRows, SCALE_ROWS, random);
    const rows = takeRows(x, judged, nCols);
    this.#members = memberKinds
      .filter((kind) => nCols <= kind.mostColumns)
      .map((kind) => {
        const detector = kind.create(random.uint32()).fit(x, nRows, nCols);
        const scores = trainingScores(detector) ?? detector.scoreAll(rows, judged.length);
        return { kind, detector, scale: ScoreScale.fit(scores) };
      });
    this.#nCols = nCols;
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    const row = x.subarray(start, start + this.#nCols);
    let sum = 0;
    for (const { detector, scale } of this.#members) sum += scale.surprise(detector.score(row));
    return sum / this.#members.length;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#nCols > 0, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.seed).number(this.#nCols).number(this.#members.length);
    for (const { kind, detector, scale } of this.#members) {
      writer.text(kind.name).bytes(detector.toBytes());
      scale.write(writer);
    }
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): OutlierEnsemble {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new OutlierEnsemble({ seed: reader.number() });
    model.#nCols = reader.number();
    const members: Member[] = [];
    for (let n = reader.number(); n > 0; n--) {
      const name = reader.text();
      const inner = reader.bytes();
      const kind = memberKinds.find((one) => one.name === name);
      if (kind === undefined) throw new AuspexError('MODEL_DAMAGED', `An ensemble cannot hold a ${name}.`);
      members.push({ kind, detector: kind.fromBytes(inner), scale: ScoreScale.read(reader) });
    }
    model.#members = members;
    return model;
  }
}

/** Scores of training rows that are not their own neighbours; undefined where a row's own part in its score is small. */
function trainingScores(detector: OutlierDetector): Float64Array | undefined {
  if (detector instanceof KNearestNeighbours) return detector.trainingScores();
  return undefined;
}
