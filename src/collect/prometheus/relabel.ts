import { createHash } from 'node:crypto';
import { anchoredRegex, type RegexMatch } from '../../model/anchored-regex.ts';
import type { RelabelRule } from '../../model/scrape.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Changes a label set in place; false drops what it belongs to. */
export type Relabeller = (labels: Map<string, string>) => boolean;

/** Compiles relabelling rules with Prometheus's semantics. Throws SyntaxError for a regular expression that is none. */
export function createRelabeller(rules: readonly RelabelRule[]): Relabeller {
  const steps = rules.map(compile);
  return (labels) => steps.every((step) => step(labels));
}

function compile(rule: RelabelRule): Relabeller {
  const regex = anchoredRegex(rule.regex);
  const source = (labels: ReadonlyMap<string, string>): string =>
    rule.sourceLabels.map((name) => labels.get(name) ?? '').join(rule.separator);
  const target = rule.targetLabel;
  switch (rule.action) {
    case 'keep':
      return (labels) => regex.test(source(labels));
    case 'drop':
      return (labels) => !regex.test(source(labels));
    case 'keepequal':
      return (labels) => (labels.get(target) ?? '') === source(labels);
    case 'dropequal':
      return (labels) => (labels.get(target) ?? '') !== source(labels);
    case 'replace':
      return (labels) => {
        const match = regex.exec(source(labels));
        if (match === null) return true;
        const name = expand(target, match);
        return LABEL_NAME.test(name) ? set(labels, name, expand(rule.replacement, match)) : true;
      };
    case 'lowercase':
      return (labels) => set(labels, target, source(labels).toLowerCase());
    case 'uppercase':
      return (labels) => set(labels, target, source(labels).toUpperCase());
    case 'hashmod':
      return (labels) => set(labels, target, hashModulus(source(labels), rule.modulus));
    case 'labelmap':
      return (labels) => {
        // A copy, because the labels that are added must not be mapped in their turn.
        const before = [...labels];
        for (const [name, value] of before) {
          const match = regex.exec(name);
          if (match !== null) set(labels, expand(rule.replacement, match), value);
        }
        return true;
      };
    case 'labeldrop':
      return (labels) => removeNames(labels, (name) => regex.test(name));
    case 'labelkeep':
      return (labels) => removeNames(labels, (name) => !regex.test(name));
  }
}

/** An empty value is no label. */
function set(labels: Map<string, string>, name: string, value: string): true {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
  return true;
}

function removeNames(labels: Map<string, string>, condition: (name: string) => boolean): true {
  for (const name of labels.keys()) if (condition(name)) labels.delete(name);
  return true;
}

/** `$1`, `${1}`, `$name`, `$$`, with Go's rule that a name reaches as far as it can: `$1x` is the group "1x". */
function expand(template: string, match: RegexMatch): string {
  return template.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar, braced, bare) => {
    if (dollar !== undefined) return '$';
    const name = String(braced ?? bare);
    return (/^\d+$/.test(name) ? match.texts[Number(name)] : match.groups.get(name)) ?? '';
  });
}

/** The last 8 bytes of the MD5, big-endian, modulo: the same shard as Prometheus gives. */
function hashModulus(text: string, modulus: number): string {
  const digest = createHash('md5').update(text).digest();
  return String(digest.readBigUInt64BE(8) % BigInt(modulus));
}
