import type { Assertion, Ranges, RegexNode, RegexTree } from './regex-syntax.ts';

/** One step of a program; `to` and `or` are places in it, `to` goes first. */
export type Instruction =
  | { readonly op: 'match' }
  | { readonly op: 'set'; readonly ranges: Ranges; to: number }
  | { readonly op: 'assert'; readonly what: Assertion; to: number }
  | { readonly op: 'save'; readonly slot: number; to: number }
  | { readonly op: 'split'; to: number; or: number };

/** A step costs memory and, for each character of a text, time. */
const MOST_INSTRUCTIONS = 2000;

/** A pattern as a program of steps that a text is led through. Throws SyntaxError when it would have more than 2,000. O(steps). */
export function compileRegex({ root }: RegexTree): readonly Instruction[] {
  const steps: Instruction[] = [];
  const emit = (step: Instruction): number => {
    if (steps.length >= MOST_INSTRUCTIONS) {
      throw new SyntaxError('it is too large: its repetitions unfold to more than 2,000 steps');
    }
    return steps.push(step) - 1;
  };
  // Built from the end to the start: each part is told where to go on.
  const build = (node: RegexNode, next: number): number => {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'set':
        return emit({ op: 'set', ranges: node.ranges, to: next });
      case 'assert':
        return emit({ op: 'assert', what: node.what, to: next });
      case 'sequence':
        return node.parts.reduceRight((to, part) => build(part, to), next);
      case 'choice': {
        const ways = node.parts.map((part) => build(part, next));
        return ways.reduceRight((or, to) => emit({ op: 'split', to, or }));
      }
      case 'group': {
        const end = emit({ op: 'save', slot: node.index * 2 + 1, to: next });
        return emit({ op: 'save', slot: node.index * 2, to: build(node.inner, end) });
      }
      case 'repeat':
        return repeat(node, next);
    }
  };
  const repeat = (node: Extract<RegexNode, { kind: 'repeat' }>, next: number): number => {
    const branch = (into: number, past: number): number =>
      node.greedy ? emit({ op: 'split', to: into, or: past }) : emit({ op: 'split', to: past, or: into });
    let at = next;
    if (node.max === Number.POSITIVE_INFINITY) {
      const loop = branch(-1, next);
      const inner = build(node.inner, loop);
      const split = steps[loop] as Extract<Instruction, { op: 'split' }>;
      if (node.greedy) split.to = inner;
      else split.or = inner;
      at = loop;
    } else for (let i = node.min; i < node.max; i++) at = branch(build(node.inner, at), next);
    for (let i = 0; i < node.min; i++) {
      const before = steps.length;
      at = build(node.inner, at);
      // Of nothing a thousand times a thousand is nothing too.
      if (steps.length === before) break;
    }
    return at;
  };
  const match = emit({ op: 'match' });
  const start = build(root, match);
  // The program begins at its last step.
  if (start !== steps.length - 1) emit({ op: 'split', to: start, or: start });
  return steps;
}
