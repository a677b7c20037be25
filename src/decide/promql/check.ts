import { promqlFault } from './fault.ts';
import { signatures } from './signatures.ts';
import {
  type AggregateNode,
  type BinaryNode,
  type CallNode,
  type Expression,
  isComparison,
  isSetOperator,
  type ValueType,
} from './syntax.ts';

export function typeOf(node: Expression): ValueType {
  switch (node.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'range':
    case 'subquery':
      return 'matrix';
    case 'call':
      return signatures.get(node.name)?.gives ?? 'vector';
    case 'binary':
      return typeOf(node.left) === 'scalar' && typeOf(node.right) === 'scalar' ? 'scalar' : 'vector';
    case 'negation':
      return typeOf(node.inner);
  }
}

const NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'a number',
  vector: 'an instant vector',
  matrix: 'a range vector',
  string: 'a text',
};

function expect(node: Expression, wanted: ValueType, where: string): void {
  const found = typeOf(node);
  if (found !== wanted) throw promqlFault(`${where} takes ${NAMES[wanted]}, this is ${NAMES[found]}`, node.position);
  checkTypes(node);
}

/** Refuses what Prometheus's parser refuses: each part gives what the part around it takes. */
export function checkTypes(node: Expression): void {
  switch (node.kind) {
    case 'subquery':
      return expect(node.inner, 'vector', 'a subquery');
    case 'call':
      return checkCall(node);
    case 'aggregate':
      return checkAggregate(node);
    case 'binary':
      return checkBinary(node);
    case 'negation':
      return typeOf(node.inner) === 'scalar' ? checkTypes(node.inner) : expect(node.inner, 'vector', '"-"');
    default:
  }
}

function checkCall({ name, args, position }: CallNode): void {
  const signature = signatures.get(name);
  if (signature === undefined) throw promqlFault(`the function ${name} is not supported`, position);
  const { args: types, optional, isVariadic = false } = signature;
  const least = types.length - optional;
  if (args.length < least || (args.length > types.length && !isVariadic))
    throw promqlFault(
      `${name} takes ${optional === 0 ? '' : 'at least '}${least} arguments, here are ${args.length}`,
      position,
    );
  args.forEach((arg, i) => expect(arg, types[Math.min(i, types.length - 1)] as ValueType, name));
}

function checkAggregate({ op, parameter, inner }: AggregateNode): void {
  if (parameter !== null) expect(parameter, op === 'count_values' ? 'string' : 'scalar', op);
  expect(inner, 'vector', op);
}

function checkBinary({ op, left, right, isBool, matching, position }: BinaryNode): void {
  for (const side of [left, right]) {
    const type = typeOf(side);
    if (type !== 'scalar' && type !== 'vector')
      throw promqlFault(`"${op}" takes numbers and instant vectors, this is ${NAMES[type]}`, side.position);
    checkTypes(side);
  }
  const scalars = [left, right].filter((side) => typeOf(side) === 'scalar').length;
  if (isBool && !isComparison(op)) throw promqlFault(`"bool" belongs to comparisons, not to "${op}"`, position);
  if (scalars === 2 && isComparison(op) && !isBool) throw promqlFault('two numbers are compared with "bool"', position);
  if (scalars > 0 && isSetOperator(op)) throw promqlFault(`"${op}" takes instant vectors`, position);
  if (scalars > 0 && matching.labels.length > 0)
    throw promqlFault('labels are matched only between instant vectors', position);
}
