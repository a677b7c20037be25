import { type BinaryNode, type Expression, isComparison } from '../promql/syntax.ts';
import type { RuleTrial } from '../try-rule.ts';
import type { AlertingRule } from './rule-file.ts';

/**
 * An alert of a rule file with other settings; null where a limit is asked for and its expression has none: the limit is the number with
 * which the figure that the alert shows is compared, left of `and` and `unless`. Where `or` has two figures, there is no one limit.
 */
export function triedFileRule(rule: AlertingRule, { limit, forMs, holdMs, severity }: RuleTrial): AlertingRule | null {
  const root = limit === undefined ? rule.query.root : withLimit(rule.query.root, limit);
  if (root === null) return null;
  const labels = severity === undefined ? rule.labels : new Map([...rule.labels, ['severity', fixed(severity)]]);
  return {
    ...rule,
    query: { ...rule.query, root },
    labels,
    severity: severity ?? rule.severity,
    forMs: forMs ?? rule.forMs,
    keepFiringMs: holdMs ?? rule.keepFiringMs,
  };
}

const fixed = (text: string) => ({ text, parts: [text], unknown: [] });

function withLimit(node: Expression, limit: number): Expression | null {
  if (node.kind !== 'binary') return null;
  if (node.op === 'and' || node.op === 'unless') {
    const left = withLimit(node.left, limit);
    return left === null ? null : { ...node, left };
  }
  return isComparison(node.op) && !node.isBool ? compared(node, limit) : null;
}

function compared(node: BinaryNode, value: number): BinaryNode | null {
  const number = ({ position }: Expression): Expression => ({ kind: 'number', position, value });
  if (isConstant(node.right)) return { ...node, right: number(node.right) };
  return isConstant(node.left) ? { ...node, left: number(node.left) } : null;
}

/** `90`, `-0.5`, `10 * 1024 ^ 3`. */
function isConstant(node: Expression): boolean {
  if (node.kind === 'negation') return isConstant(node.inner);
  return node.kind === 'number' || (node.kind === 'binary' && isConstant(node.left) && isConstant(node.right));
}
