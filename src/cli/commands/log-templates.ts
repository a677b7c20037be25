import { AuspexError } from '../../errors.ts';
import { TemplateTree } from '../../learners/index.ts';
import { writeCsv } from '../files/csv-writer.ts';
import { linesOf } from '../files/lines.ts';
import { progressOf } from '../files/progress.ts';
import { exitCodes, type Output } from '../output.ts';

/** The template of each line of a log: learnt from all of them first, so that lines of one kind have one id. */
export async function templatesOfFile(output: Output, path: string, out: string | undefined): Promise<number> {
  if (out === undefined)
    throw new AuspexError('BAD_REQUEST', 'logs templates needs --out FILE: where the templates go.');
  const tree = new TemplateTree();
  let ids = new Int32Array(1024);
  let nLines = 0;
  const reading = progressOf(output, 'Learning templates');
  for await (const lines of linesOf(path, (share) => reading.at(share, `${nLines} lines`))) {
    for (const line of lines) {
      if (nLines === ids.length) {
        const more = new Int32Array(2 * nLines);
        more.set(ids);
        ids = more;
      }
      ids[nLines++] = tree.learnOne(line);
    }
  }
  reading.end();
  if (nLines === 0) throw new AuspexError('FILE_INVALID', `${path}: it is empty.`);
  const texts = new Map(tree.templates().map(({ id, text }) => [id, text]));
  const writing = progressOf(output, 'Writing');
  await writeCsv(out, ['line', 'template_id', 'template'], async (file) => {
    for (let i = 0; i < nLines; i++) {
      const id = tree.resolve(ids[i] ?? 0);
      await file.row([i, id, texts.get(id) ?? tree.text(id)]);
      if (i % 1000 === 0) writing.at(i / nLines, `line ${i}`);
    }
  });
  writing.end();
  output.data({ lines: nLines, templates: texts.size, out }, () =>
    output.say(`${nLines} lines have ${texts.size} templates: ${out}`),
  );
  return exitCodes.fine;
}
