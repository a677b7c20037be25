import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { checkRules } from '../../src/cli/commands/rules.ts';
import type { Output } from '../../src/cli/output.ts';

function outputInto(lines: string[]): Output {
  return {
    json: false,
    color: false,
    quiet: false,
    print: (text) => void lines.push(text),
    say: vi.fn(),
    data: (_value, human) => human(),
  };
}

test.each([
  ['groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]', 0, ['F: 1 rules in 1 groups can run']],
  [
    'groups:\n  - name: g\n    rules:\n      - {alert: A, expr: sum(}\n      - {alert: B, expr: up == 0, annotations: {summary: "{{ if 1 }}"}}\n',
    1,
    [
      'F:4: g, A: position 5: the expression ends too early.',
      'F:5: note: g, B: {{ if 1 }} is not understood and stays in the annotation summary as text.',
      'F: 1 rules in 1 groups can run',
    ],
  ],
  ['groups: [\n', 1, [expect.stringMatching(/^F:\d: /), 'F: 0 rules in 0 groups can run']],
])(
  'rules check names what is wrong by line, and says by its exit code whether all run: %j',
  async (text, code, wanted) => {
    const folder = await mkdtemp(join(tmpdir(), 'auspex-rules-check-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'rules.yaml');
    await writeFile(file, text);
    const lines: string[] = [];
    expect(await checkRules(outputInto(lines), [file])).toBe(code);
    expect(lines.map((line) => line.replaceAll(file, 'F'))).toEqual(wanted);
  },
);

test('a file that is not there is named', async () => {
  await expect(checkRules(outputInto([]), ['/nowhere/rules.yaml'])).rejects.toMatchObject({ code: 'FILE_FAILED' });
});
