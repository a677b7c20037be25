import { promqlFault } from './fault.ts';
import {
  type BinaryOperator,
  type Expression,
  isComparison,
  type Matching,
  type SelectorNode,
  type Shift,
} from './syntax.ts';

/** Operators by their name in the grammar. */
export const OPERATORS: Readonly<Record<string, BinaryOperator>> = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  Mod: '%',
  Pow: '^',
  Atan2: 'atan2',
  Eql: '==',
  Neq: '!=',
  Gtr: '>',
  Lss: '<',
  Gte: '>=',
  Lte: '<=',
  And: 'and',
  Or: 'or',
  Unless: 'unless',
};

export interface Infix {
  readonly kind: 'infix';
  readonly position: number;
  readonly op: BinaryOperator;
  readonly isBool: boolean;
  readonly matching: Matching;
}

/** What stands behind an operand. */
export type Postfix = { readonly kind: 'postfix'; readonly position: number } & (
  | { readonly how: 'range'; readonly rangeMs: number }
  | { readonly how: 'subquery'; readonly rangeMs: number; readonly stepMs: number | null }
  | { readonly how: 'offset'; readonly offsetMs: number }
  | { readonly how: 'at'; readonly at: number | 'start' | 'end' }
);

export type Item =
  | Infix
  | Postfix
  | { readonly kind: 'sign'; readonly isNegative: boolean; readonly position: number }
  | { readonly kind: 'operand'; readonly expression: Expression };

/** A sign binds as `*` does: -a ^ b is -(a ^ b), -a * b is (-a) * b. */
const POWER = 6;

function strength(op: BinaryOperator): number {
  if (op === 'or') return 1;
  if (op === 'and' || op === 'unless') return 2;
  if (isComparison(op)) return 3;
  if (op === '+' || op === '-') return 4;
  return op === '^' ? POWER : 5;
}

/** Puts operands and operators together by how strongly they bind, all to the left but `^`. */
export class TermParser {
  #next = 0;
  #depth = 0;
  readonly #items: readonly Item[];
  readonly #maxDepth: number;
  readonly #selectors: SelectorNode[];

  constructor(items: readonly Item[], maxDepth: number, selectors: SelectorNode[]) {
    this.#items = items;
    this.#maxDepth = maxDepth;
    this.#selectors = selectors;
  }

  parse(weakest = 1): Expression {
    let left = this.#operand();
    let chained = 0;
    for (let item = this.#items[this.#next]; item?.kind === 'infix'; item = this.#items[this.#next]) {
      const own = strength(item.op);
      if (own < weakest) break;
      if (++chained + this.#depth > this.#maxDepth)
        throw promqlFault(`more than ${this.#maxDepth} operators in a row`, item.position);
      this.#next++;
      this.#depth++;
      const right = this.parse(own === POWER ? POWER : own + 1);
      this.#depth--;
      const { op, isBool, matching, position } = item;
      left = { kind: 'binary', position, op, left, right, isBool, matching };
    }
    return left;
  }

  #operand(): Expression {
    const item = this.#items[this.#next++];
    if (item?.kind === 'sign') {
      if (++this.#depth > this.#maxDepth)
        throw promqlFault(`more than ${this.#maxDepth} signs in a row`, item.position);
      const inner = this.parse(POWER);
      this.#depth--;
      return item.isNegative ? { kind: 'negation', position: item.position, inner } : inner;
    }
    if (item?.kind !== 'operand') throw promqlFault('an operand is expected', item?.position ?? 1);
    let expression = item.expression;
    for (let next = this.#items[this.#next]; next?.kind === 'postfix'; next = this.#items[this.#next]) {
      expression = this.#applied(expression, next);
      this.#next++;
    }
    return expression;
  }

  #applied(to: Expression, postfix: Postfix): Expression {
    const { position } = postfix;
    switch (postfix.how) {
      case 'range':
        if (to.kind !== 'selector')
          throw promqlFault(
            'a range […] stands behind a selector; behind anything else write a subquery […:]',
            position,
          );
        if (to.shift.offsetMs !== 0 || to.shift.at !== null)
          throw promqlFault('the range […] stands before "offset" and "@"', position);
        return { kind: 'range', position: to.position, selector: to, rangeMs: postfix.rangeMs };
      case 'subquery': {
        const { rangeMs, stepMs } = postfix;
        return {
          kind: 'subquery',
          position: to.position,
          inner: to,
          rangeMs,
          stepMs,
          shift: { offsetMs: 0, at: null },
        };
      }
      case 'offset':
        return this.#shifted(to, position, (shift) => {
          if (shift.offsetMs !== 0) throw promqlFault('"offset" stands there twice', position);
          return { ...shift, offsetMs: postfix.offsetMs };
        });
      case 'at':
        return this.#shifted(to, position, (shift) => {
          if (shift.at !== null) throw promqlFault('"@" stands there twice', position);
          return { ...shift, at: postfix.at };
        });
    }
  }

  #shifted(to: Expression, position: number, change: (shift: Shift) => Shift): Expression {
    if (to.kind === 'subquery') return { ...to, shift: change(to.shift) };
    const selector = to.kind === 'range' ? to.selector : to;
    if (selector.kind !== 'selector')
      throw promqlFault('"offset" and "@" stand behind a selector or a subquery', position);
    const moved = { ...selector, shift: change(selector.shift) };
    this.#selectors[moved.id] = moved;
    return to.kind === 'range' ? { ...to, selector: moved } : moved;
  }
}
