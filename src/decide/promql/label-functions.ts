import { anchoredRegex, labelPairs, labelsFrom, labelValue, type RegexMatch } from '../../model/index.ts';
import { promqlFault } from './fault.ts';
import { distinct, type InSlices, type InstantSample, SLICE } from './values.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function checkName(name: string, position: number): void {
  if (!LABEL_NAME.test(name)) throw promqlFault(`"${name}" is no label name`, position);
}

export function* labelReplace(
  samples: readonly InstantSample[],
  [target = '', replacement = '', source = '', pattern = '']: readonly string[],
  position: number,
): InSlices<readonly InstantSample[]> {
  checkName(target, position);
  let regex: ReturnType<typeof anchoredRegex>;
  try {
    regex = anchoredRegex(pattern);
  } catch (cause) {
    throw promqlFault(
      `the regular expression is not valid (${cause instanceof Error ? cause.message : 'unreadable'})`,
      position,
    );
  }
  const replaced: InstantSample[] = [];
  for (const sample of samples) {
    if (replaced.length % SLICE === SLICE - 1) yield;
    const match = regex.exec(labelValue(sample.labels, source) ?? '');
    replaced.push(match === null ? sample : withLabel(sample, target, expanded(replacement, match)));
  }
  return distinct(replaced, position);
}

export function* labelJoin(
  samples: readonly InstantSample[],
  [target = '', separator = '', ...sources]: readonly string[],
  position: number,
): InSlices<readonly InstantSample[]> {
  for (const name of [target, ...sources]) checkName(name, position);
  const joined: InstantSample[] = [];
  for (const sample of samples) {
    if (joined.length % SLICE === SLICE - 1) yield;
    const value = sources.map((name) => labelValue(sample.labels, name) ?? '').join(separator);
    joined.push(withLabel(sample, target, value));
  }
  return distinct(joined, position);
}

function withLabel({ labels, value }: InstantSample, name: string, text: string): InstantSample {
  return { labels: labelsFrom([...labelPairs(labels), [name, text]]), value };
}

/** `$1`, `${1}`, `$name`, `$$` as Go expands them: the longest name that stands there. */
function expanded(template: string, match: RegexMatch): string {
  return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (_, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (name === undefined) return '$';
    const group = /^\d+$/.test(name) ? match.texts[Number(name)] : match.groups.get(name);
    return group ?? '';
  });
}
