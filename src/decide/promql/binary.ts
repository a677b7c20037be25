import { type Labels, labelsFrom, labelPairs, labelsKey, labelValue, METRIC_NAME } from '../../model/index.ts';
import { promqlFault } from './fault.ts';
import { type BinaryNode, type BinaryOperator, isComparison, type Matching } from './syntax.ts';
import {
  type InSlices,
  type InstantSample,
  labelsOnly,
  labelsWithout,
  SLICE,
  withoutName,
  withoutNames,
} from './values.ts';

/** Go's pow, which is that of IEEE 754-2008: 1 to any power is 1, -1 to an infinite one too. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

/** Arithmetic; a comparison gives 1 or 0. */
export function arithmetic(op: BinaryOperator, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return power(a, b);
    case 'atan2':
      return Math.atan2(a, b);
    default:
      return Number(compares(op, a, b));
  }
}

function compares(op: BinaryOperator, a: number, b: number): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '>':
      return a > b;
    case '<':
      return a < b;
    case '>=':
      return a >= b;
    default:
      return a <= b;
  }
}

/** A vector and a number; a comparison keeps those of the vector that meet it. */
export function withScalar(
  { op, isBool, position }: BinaryNode,
  vector: readonly InstantSample[],
  scalar: number,
  isScalarLeft: boolean,
): readonly InstantSample[] {
  const valueOf = (value: number): number =>
    isScalarLeft ? arithmetic(op, scalar, value) : arithmetic(op, value, scalar);
  if (isComparison(op) && !isBool) return vector.filter(({ value }) => valueOf(value) === 1);
  return withoutNames(
    vector.map(({ labels, value }) => ({ labels, value: valueOf(value) })),
    position,
  );
}

/** By what two series are told to belong together. */
function signatureOf({ labels, isOn }: Matching): (of: Labels) => string {
  const names = new Set(isOn ? labels : [...labels, METRIC_NAME]);
  return isOn ? (of) => labelsKey(labelsOnly(of, names)) : (of) => labelsKey(labelsWithout(of, names));
}

/** `and`, `or`, `unless`. */
export function* setOperation(
  { op, matching }: BinaryNode,
  left: readonly InstantSample[],
  right: readonly InstantSample[],
): InSlices<readonly InstantSample[]> {
  const signature = signatureOf(matching);
  const other = op === 'or' ? left : right;
  const known = new Set<string>();
  let done = 0;
  for (const { labels } of other) {
    known.add(signature(labels));
    if (++done % SLICE === 0) yield;
  }
  const kept: InstantSample[] = op === 'or' ? [...left] : [];
  for (const sample of op === 'or' ? right : left) {
    if (known.has(signature(sample.labels)) === (op === 'and')) kept.push(sample);
    if (++done % SLICE === 0) yield;
  }
  return kept;
}

/** Arithmetic or comparison of two vectors, matched by their labels. */
export function* betweenVectors(
  node: BinaryNode,
  left: readonly InstantSample[],
  right: readonly InstantSample[],
): InSlices<readonly InstantSample[]> {
  const { op, matching, isBool, position } = node;
  // Without a partner nothing is ambiguous either.
  if (left.length === 0 || right.length === 0) return [];
  const signature = signatureOf(matching);
  const isSwapped = matching.many === 'right';
  const [many, one] = isSwapped ? [right, left] : [left, right];
  const ones = new Map<string, InstantSample>();
  let done = 0;
  for (const sample of one) {
    const key = signature(sample.labels);
    if (ones.has(key))
      throw promqlFault(
        `several series on the ${isSwapped ? 'left' : 'right'} of "${op}" match; their labels must tell them apart there`,
        position,
      );
    ones.set(key, sample);
    if (++done % SLICE === 0) yield;
  }
  const matched = new Set<string>();
  const answers: InstantSample[] = [];
  for (const sample of many) {
    if (++done % SLICE === 0) yield;
    const key = signature(sample.labels);
    const partner = ones.get(key);
    if (partner === undefined) continue;
    const [a, b] = isSwapped ? [partner.value, sample.value] : [sample.value, partner.value];
    const isFilter = isComparison(op) && !isBool;
    const result = arithmetic(op, a, b);
    if (isFilter && result === 0) continue;
    const labels = resultLabels(node, sample.labels, partner.labels);
    const unique = matching.many === 'none' ? key : labelsKey(labels);
    if (matched.has(unique))
      throw promqlFault(
        matching.many === 'none'
          ? `several series on the left of "${op}" match one on the right; say so by group_left or group_right`
          : `the labels that "${op}" leaves do not tell its answers apart`,
        position,
      );
    matched.add(unique);
    answers.push({ labels, value: isFilter ? a : result });
  }
  return answers;
}

function resultLabels({ op, matching, isBool }: BinaryNode, many: Labels, one: Labels): Labels {
  let labels = isComparison(op) ? many : withoutName(many);
  if (matching.many === 'none') {
    const names = new Set(matching.labels);
    labels = matching.isOn ? labelsOnly(labels, names) : labelsWithout(labels, names);
  }
  if (matching.include.length > 0)
    labels = labelsFrom([
      ...labelPairs(labels),
      ...matching.include.map((name) => [name, labelValue(one, name) ?? ''] as const),
    ]);
  return isBool ? withoutName(labels) : labels;
}
