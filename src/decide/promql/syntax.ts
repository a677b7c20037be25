import type { Matcher } from '../../model/index.ts';

/** What an expression gives at an instant. */
export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | 'atan2'
  | '=='
  | '!='
  | '>'
  | '<'
  | '>='
  | '<='
  | 'and'
  | 'or'
  | 'unless';

export type AggregateOperator =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'quantile'
  | 'topk'
  | 'bottomk'
  | 'count_values';

interface At {
  /** Where it begins in the text, counted from 1. */
  readonly position: number;
}

/** Whether what is looked at is moved: back by an offset, or to a fixed time (`@`). */
export interface Shift {
  readonly offsetMs: number;
  /** ms UTC, or the start or end of the range that is asked for. */
  readonly at: number | 'start' | 'end' | null;
}

export interface NumberNode extends At {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringNode extends At {
  readonly kind: 'string';
  readonly value: string;
}

export interface SelectorNode extends At {
  readonly kind: 'selector';
  /** Its number within the expression, from 0: samples are given by it. */
  readonly id: number;
  readonly matchers: readonly Matcher[];
  readonly shift: Shift;
}

/** `selector[5m]`; the shift is the selector's. */
export interface RangeNode extends At {
  readonly kind: 'range';
  readonly selector: SelectorNode;
  readonly rangeMs: number;
}

export interface SubqueryNode extends At {
  readonly kind: 'subquery';
  readonly inner: Expression;
  readonly rangeMs: number;
  /** Null: the interval at which rules are evaluated. */
  readonly stepMs: number | null;
  readonly shift: Shift;
}

export interface CallNode extends At {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface AggregateNode extends At {
  readonly kind: 'aggregate';
  readonly op: AggregateOperator;
  readonly parameter: Expression | null;
  readonly inner: Expression;
  readonly labels: readonly string[];
  readonly isWithout: boolean;
}

/** How series of two sides find each other. */
export interface Matching {
  readonly labels: readonly string[];
  /** `on`: by these labels alone; else by all but these. */
  readonly isOn: boolean;
  /** The side that may have many: `group_left` and `group_right`; `both` for set operators. */
  readonly many: 'none' | 'left' | 'right' | 'both';
  /** Labels taken over from the side that has one. */
  readonly include: readonly string[];
}

export interface BinaryNode extends At {
  readonly kind: 'binary';
  readonly op: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly isBool: boolean;
  readonly matching: Matching;
}

export interface NegationNode extends At {
  readonly kind: 'negation';
  readonly inner: Expression;
}

export type Expression =
  | NumberNode
  | StringNode
  | SelectorNode
  | RangeNode
  | SubqueryNode
  | CallNode
  | AggregateNode
  | BinaryNode
  | NegationNode;

/** A parsed expression. */
export interface Query {
  readonly text: string;
  readonly root: Expression;
  readonly type: ValueType;
  /** Every selector in it, by its id. */
  readonly selectors: readonly SelectorNode[];
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);
const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

export function isComparison(op: BinaryOperator): boolean {
  return COMPARISONS.has(op);
}

export function isSetOperator(op: BinaryOperator): boolean {
  return SET_OPERATORS.has(op);
}
