import { z } from 'zod';
import { parseSelector } from '../model/index.ts';

/** `2/3`: the second of three. */
export function shard() {
  return z.unknown().transform((input, context): { readonly index: number; readonly count: number } | null => {
    if (input === null || input === undefined) return null;
    const match = /^(\d{1,3})\/(\d{1,3})$/.exec(String(input).replaceAll(' ', ''));
    const [index, count] = [Number(match?.[1]), Number(match?.[2])];
    if (match !== null && index >= 1 && index <= count && count <= 256) return { index, count };
    context.issues.push({ code: 'custom', message: 'a shard such as 1/3, from 1 to the number of shards', input });
    return z.NEVER;
  });
}

/** A Prometheus selector, left as it is written. */
export function selector() {
  return z.string().superRefine((text, context) => {
    try {
      parseSelector(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  });
}
