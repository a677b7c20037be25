import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { checkTypes, typeOf } from './check.ts';
import { promqlFault } from './fault.ts';
import { durationOf, numberOf, stringOf } from './literals.ts';
import { type Infix, type Item, OPERATORS, type Postfix, TermParser } from './operators.ts';
import { readMatchers } from './read-matchers.ts';
import { signatures } from './signatures.ts';
import {
  type AggregateOperator,
  type BinaryOperator,
  type Expression,
  isSetOperator,
  type Matching,
  type Query,
  type SelectorNode,
} from './syntax.ts';

const MAX_LENGTH = 20_000;
const MAX_DEPTH = 200;

/**
 * Parses PromQL by Prometheus's own grammar into a typed tree. What Prometheus knows and this does not (native
 * histograms, `limitk`, `info`, `fill` …) is refused by name.
 * @throws AuspexError BAD_REQUEST with the position, counted from 1.
 */
export function parsePromql(text: string): Query {
  if (text.length > MAX_LENGTH)
    throw promqlFault(`an expression may have ${MAX_LENGTH} characters, this has ${text.length}`, 1);
  const top = parser.parse(text).topNode;
  refuseErrors(text, top);
  const [only] = childrenOf(top);
  if (only === undefined) throw promqlFault('an expression is expected', 1);
  const reader = new TreeReader(text);
  const root = reader.expression(only, 0);
  checkTypes(root);
  return { text, root, type: typeOf(root), selectors: reader.selectors };
}

/** The grammar goes on behind a fault; the first one is told. */
function refuseErrors(text: string, top: SyntaxNode): void {
  const cursor = top.cursor();
  do {
    if (!cursor.type.isError) continue;
    const before = /([a-zA-Z_][a-zA-Z0-9_]*)\s*$/.exec(text.slice(0, cursor.from))?.[1];
    if (text.slice(cursor.from).trimStart().startsWith('(') && before !== undefined)
      throw promqlFault(`there is no function ${before}`, cursor.from - before.length + 1);
    const found = text.slice(cursor.from).trim().slice(0, 20);
    throw promqlFault(
      found === '' ? 'the expression ends too early' : `"${found}" is not expected here`,
      Math.min(cursor.from, text.length) + 1,
    );
  } while (cursor.next());
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') children.push(child);
  return children;
}

const AGGREGATES: ReadonlySet<string> = new Set<AggregateOperator>([
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'group',
  'stddev',
  'stdvar',
  'quantile',
  'topk',
  'bottomk',
  'count_values',
]);
const WITH_PARAMETER: ReadonlySet<string> = new Set(['topk', 'bottomk', 'quantile', 'count_values']);

class TreeReader {
  readonly selectors: SelectorNode[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * An expression between brackets or commas. The grammar does not bind what stands behind an operand (`offset`, `@`, ranges)
   * tighter than operators, nor a sign looser than `^`; so its operands and operators are put in order anew.
   */
  expression(node: SyntaxNode, depth: number): Expression {
    if (depth > MAX_DEPTH) throw promqlFault(`an expression may be ${MAX_DEPTH} levels deep`, node.from + 1);
    const items: Item[] = [];
    this.#flatten(node, depth, items);
    return new TermParser(items, MAX_DEPTH, this.selectors).parse();
  }

  /** Operands, operators, signs and what stands behind operands, in the order of the text. */
  #flatten(top: SyntaxNode, depth: number, items: Item[]): void {
    // A chain of operators is as deep as it is long: no recursion.
    const waiting: (SyntaxNode | Item)[] = [top];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (!('from' in next)) {
        items.push(next);
        continue;
      }
      const children = childrenOf(next);
      const [first, second] = children as [SyntaxNode, SyntaxNode];
      if (next.name === 'BinaryExpr') waiting.push(children.at(-1) as SyntaxNode, this.#infix(children), first);
      else if (next.name === 'UnaryExpr')
        waiting.push(second, { kind: 'sign', isNegative: this.#textOf(first) === '-', position: first.from + 1 });
      else if (/^(OffsetExpr|StepInvariantExpr|MatrixSelector|SubqueryExpr)$/.test(next.name))
        waiting.push(this.#postfix(next, children), first);
      else if (next.name === 'NumberDurationLiteral') this.#pushNumber(next, items);
      else items.push({ kind: 'operand', expression: this.#operand(next, children, depth) });
    }
  }

  #pushNumber(node: SyntaxNode, items: Item[]): void {
    const text = this.#textOf(node);
    const position = node.from + 1;
    if (/^[+-]/.test(text)) items.push({ kind: 'sign', isNegative: text.startsWith('-'), position });
    const value = Math.abs(this.#number(node));
    items.push({ kind: 'operand', expression: { kind: 'number', position, value } });
  }

  #operand(node: SyntaxNode, children: readonly SyntaxNode[], depth: number): Expression {
    const position = node.from + 1;
    switch (node.name) {
      case 'StringLiteral':
        return { kind: 'string', position, value: stringOf(this.#textOf(node), position) };
      case 'ParenExpr':
        return this.expression(children[0] as SyntaxNode, depth + 1);
      case 'VectorSelector':
        return this.#selector(node);
      case 'FunctionCall':
        return this.#call(node, children, depth);
      case 'AggregateExpr':
        return this.#aggregate(node, children, depth);
      default:
        throw promqlFault(`"${this.#textOf(node).slice(0, 40)}" is PromQL that is not supported here`, position);
    }
  }

  #textOf(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }

  #number(node: SyntaxNode): number {
    const text = this.#textOf(node);
    const value = numberOf(text);
    if (Number.isNaN(value) && !/^[+-]?\s*nan$/i.test(text)) throw promqlFault(`"${text}" is no number`, node.from + 1);
    return value;
  }

  #duration(node: SyntaxNode): number {
    const ms = this.#signedDuration(node);
    if (!(ms > 0)) throw promqlFault('a duration must be longer than 0', node.from + 1);
    return ms;
  }

  #signedDuration(node: SyntaxNode): number {
    const text = this.#textOf(node).trim();
    const ms = durationOf(text.replace(/^[+-]\s*/, ''));
    if (!Number.isFinite(ms))
      throw promqlFault(`"${text}" is no duration that is supported here; write 5m or 300`, node.from + 1);
    return Math.round(text.startsWith('-') ? -ms : ms);
  }

  #selector(node: SyntaxNode): SelectorNode {
    const id = this.selectors.length;
    const selector: SelectorNode = {
      kind: 'selector',
      position: node.from + 1,
      id,
      matchers: readMatchers(node, childrenOf, (one) => this.#textOf(one)),
      shift: { offsetMs: 0, at: null },
    };
    this.selectors.push(selector);
    return selector;
  }

  #postfix(node: SyntaxNode, children: readonly SyntaxNode[]): Postfix {
    const [, second, third] = children as [SyntaxNode, SyntaxNode, SyntaxNode | undefined];
    const position = second.from + 1;
    const kind = 'postfix';
    switch (node.name) {
      case 'MatrixSelector':
        return { kind, how: 'range', position, rangeMs: this.#duration(second) };
      case 'SubqueryExpr':
        return {
          kind,
          how: 'subquery',
          position,
          rangeMs: this.#duration(second),
          stepMs: third === undefined ? null : this.#duration(third),
        };
      case 'OffsetExpr':
        return { kind, how: 'offset', position, offsetMs: this.#signedDuration(third as SyntaxNode) };
      default:
        return { kind, how: 'at', position, at: this.#instant(third as SyntaxNode) };
    }
  }

  #instant(node: SyntaxNode): number | 'start' | 'end' {
    if (node.name === 'AtModifierPreprocessors') return this.#textOf(node).startsWith('start') ? 'start' : 'end';
    const seconds = this.#number(node);
    if (!Number.isFinite(seconds)) throw promqlFault('a time is a number of seconds', node.from + 1);
    return Math.round(seconds * 1000);
  }

  #call(node: SyntaxNode, [identifier, body]: readonly SyntaxNode[], depth: number): Expression {
    const position = node.from + 1;
    const name = this.#textOf(identifier as SyntaxNode);
    if (!signatures.has(name)) throw promqlFault(`the function ${name} is not supported`, position);
    const args = childrenOf(body as SyntaxNode).map((arg) => this.expression(arg, depth + 1));
    return { kind: 'call', position, name, args };
  }

  #aggregate(node: SyntaxNode, children: readonly SyntaxNode[], depth: number): Expression {
    const position = node.from + 1;
    const op = this.#textOf(children[0] as SyntaxNode).toLowerCase();
    if (!isAggregate(op)) throw promqlFault(`the aggregation ${op} is not supported`, position);
    const modifier = children.find(({ name }) => name === 'AggregateModifier');
    const [how, labels] = modifier === undefined ? [] : childrenOf(modifier);
    const body = childrenOf(children.find(({ name }) => name === 'FunctionCallBody') as SyntaxNode);
    const takesParameter = WITH_PARAMETER.has(op);
    if (body.length !== (takesParameter ? 2 : 1))
      throw promqlFault(`${op} takes ${takesParameter ? 'a parameter and a vector' : 'one vector'}`, position);
    const args = body.map((arg) => this.expression(arg, depth + 1));
    return {
      kind: 'aggregate',
      position,
      op,
      parameter: takesParameter ? (args[0] as Expression) : null,
      inner: args.at(-1) as Expression,
      labels: labels === undefined ? [] : this.#labels(labels),
      isWithout: how?.name === 'Without',
    };
  }

  #labels(node: SyntaxNode): string[] {
    return childrenOf(node).map((label) =>
      label.name === 'QuotedLabelName' ? stringOf(this.#textOf(label), label.from + 1) : this.#textOf(label),
    );
  }

  #infix(children: readonly SyntaxNode[]): Infix {
    const sign = children[1] as SyntaxNode;
    const op = OPERATORS[sign.name];
    const fill = children.find(({ name }) => name === 'FillModifier');
    if (op === undefined || fill !== undefined) {
      const unknown = fill ?? sign;
      throw promqlFault(`"${this.#textOf(unknown)}" is not supported`, unknown.from + 1);
    }
    return {
      kind: 'infix',
      position: sign.from + 1,
      op,
      isBool: children.some(({ name }) => name === 'BoolModifier'),
      matching: this.#matching(
        children.find(({ name }) => name === 'MatchingModifierClause'),
        op,
      ),
    };
  }

  #matching(node: SyntaxNode | undefined, op: BinaryOperator): Matching {
    const isSet = isSetOperator(op);
    if (node === undefined) return { labels: [], isOn: false, many: isSet ? 'both' : 'none', include: [] };
    const parts = childrenOf(node);
    const groups = parts.filter(({ name }) => name === 'GroupingLabels').map((labels) => this.#labels(labels));
    const side = parts.find(({ name }) => name === 'GroupLeft' || name === 'GroupRight');
    const isOn = parts[0]?.name === 'On';
    if (side !== undefined && isSet) throw promqlFault(`no grouping is allowed for "${op}"`, side.from + 1);
    const [labels = [], include = []] = groups;
    const twice = isOn ? include.find((name) => labels.includes(name)) : undefined;
    if (twice !== undefined)
      throw promqlFault(`the label ${twice} may not stand in "on" and in the group at once`, node.from + 1);
    const many = side === undefined ? 'none' : side.name === 'GroupLeft' ? 'left' : 'right';
    return { labels, isOn, many: isSet ? 'both' : many, include };
  }
}

function isAggregate(op: string): op is AggregateOperator {
  return AGGREGATES.has(op);
}
