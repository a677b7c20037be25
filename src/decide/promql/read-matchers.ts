import type { SyntaxNode } from '@lezer/common';
import { anchoredRegex, type Matcher, METRIC_NAME } from '../../model/index.ts';
import { promqlFault } from './fault.ts';
import { stringOf } from './literals.ts';

/** A selector's conditions; the metric's name is one on `__name__`. */
export function readMatchers(
  node: SyntaxNode,
  childrenOf: (node: SyntaxNode) => readonly SyntaxNode[],
  textOf: (node: SyntaxNode) => string,
): readonly Matcher[] {
  const matchers: Matcher[] = [];
  const quoted = (label: SyntaxNode): string => stringOf(textOf(label), label.from + 1);
  const name = (value: string, at: SyntaxNode): void => {
    if (matchers.some((other) => other.name === METRIC_NAME && other.op === '='))
      throw promqlFault('the metric is named twice', at.from + 1);
    matchers.push({ name: METRIC_NAME, op: '=', value });
  };
  for (const part of childrenOf(node)) {
    if (part.name === 'Identifier') name(textOf(part), part);
    else
      for (const condition of childrenOf(part)) {
        if (condition.name === 'QuotedLabelName') {
          name(quoted(condition), condition);
          continue;
        }
        const [label, op, value] = childrenOf(condition) as [SyntaxNode, SyntaxNode, SyntaxNode];
        const matcher: Matcher = {
          name: label.name === 'QuotedLabelName' ? quoted(label) : textOf(label),
          op: textOf(op) as Matcher['op'],
          value: quoted(value),
        };
        checkRegex(matcher, value.from + 1);
        if (matcher.name === METRIC_NAME && matcher.op === '=') name(matcher.value, condition);
        else matchers.push(matcher);
      }
  }
  if (matchers.every(matchesEmpty))
    throw promqlFault(
      'a selector needs one condition that an empty label does not meet, or it means every series',
      node.from + 1,
    );
  return matchers;
}

function checkRegex({ op, value }: Matcher, position: number): void {
  if (op !== '=~' && op !== '!~') return;
  try {
    anchoredRegex(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable';
    throw promqlFault(`the regular expression is not valid (${reason})`, position);
  }
}

function matchesEmpty({ op, value }: Matcher): boolean {
  if (op === '=') return value === '';
  if (op === '!=') return value !== '';
  return anchoredRegex(value).test('') === (op === '=~');
}
