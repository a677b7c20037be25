/**
 * Measures the learners: `node bench/run-folder.ts accuracy|speed [part …] [--option value …]`. A part is a file of that folder
 * which exports `measure`; all parts without a name. Each prints a table and writes bench/results/<folder>-<part>.json. Exits
 * with 1 when a part failed; a missed aim is printed and is no failure.
 */
import { readdirSync } from 'node:fs';
import { asked, type Options } from './options.ts';
import { print, type Report, save } from './report.ts';

const [folder = '', ...args] = process.argv.slice(2);
if (folder !== 'accuracy' && folder !== 'speed') {
  process.stderr.write(`There is no folder "${folder}". Folders: accuracy, speed.\n`);
  process.exit(2);
}
const parts = readdirSync(new URL(`./${folder}/`, import.meta.url))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3))
  .sort();
const { names, options } = asked(args, parts, `npm run bench:${folder}`);
for (const name of names) {
  try {
    const part = (await import(`./${folder}/${name}.ts`)) as { measure: (options: Options) => Promise<Report> };
    const report = await part.measure(options);
    print(`${folder}: ${name}`, report);
    save(`${folder}-${name}`, report, `npm run bench:${folder} -- ${name}`);
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(
      `\n${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
}
