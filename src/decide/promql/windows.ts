import { LOOKBACK_MS } from './evaluate.ts';
import type { Expression, Query, SelectorNode, Shift } from './syntax.ts';

/** What has to be read for a selector, ms UTC. */
export interface SelectorWindow {
  readonly selector: SelectorNode;
  readonly from: number;
  readonly to: number;
}

/** Which samples an expression needs to be evaluated from `start` to `end` (one instant: twice the same). O(nodes). */
export function windowsOf(query: Query, start: number, end: number = start): readonly SelectorWindow[] {
  const windows: SelectorWindow[] = [];
  const shift = ({ offsetMs, at }: Shift, from: number, to: number): readonly [number, number] => {
    const fixed = at === 'start' ? start : at === 'end' ? end : at;
    return fixed === null ? [from - offsetMs, to - offsetMs] : [fixed - offsetMs, fixed - offsetMs];
  };
  const walk = (node: Expression, from: number, to: number): void => {
    switch (node.kind) {
      case 'selector': {
        const [first, last] = shift(node.shift, from, to);
        windows.push({ selector: node, from: first - LOOKBACK_MS, to: last });
        return;
      }
      case 'range': {
        const [first, last] = shift(node.selector.shift, from, to);
        windows.push({ selector: node.selector, from: first - node.rangeMs, to: last });
        return;
      }
      case 'subquery': {
        const [first, last] = shift(node.shift, from, to);
        return walk(node.inner, first - node.rangeMs, last);
      }
      case 'call':
        for (const arg of node.args) walk(arg, from, to);
        return;
      case 'aggregate':
        if (node.parameter !== null) walk(node.parameter, from, to);
        return walk(node.inner, from, to);
      case 'binary':
        walk(node.left, from, to);
        return walk(node.right, from, to);
      case 'negation':
        return walk(node.inner, from, to);
      default:
    }
  };
  walk(query.root, start, end);
  return windows;
}
