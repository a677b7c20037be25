import type { Argument, Command, Option } from 'commander';
import { exitCodes } from '../../src/cli/output.ts';
import { errorTable } from '../../src/errors.ts';

/** docs/reference/errors.md as `src/errors.ts` has it. */
export function errorsDocument(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { status, title, remedy }]) => `| \`${code}\` | ${status} | ${cell(title)} | ${cell(remedy)} |`,
  );
  return [
    '# Errors',
    '',
    'Every failure has one of these codes: in the API’s `application/problem+json` (member `code`), in what the command line',
    'prints, in the `code` of the library’s `AuspexError`. The message beside it (`detail`) names the value and the limit. Codes are',
    'stable; messages are for people and may change.',
    '',
    'This page is generated from `src/errors.ts`; `UPDATE_DOCS=1 npm test -- test/house/docs.test.ts` writes it anew.',
    '',
    '| code | HTTP | what | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** docs/reference/commands.md as the commands say themselves. */
export function commandsDocument(program: Command): string {
  const words: Record<keyof typeof exitCodes, string> = {
    fine: 'fine',
    findings: 'there are findings: something is unusual or wrong, an alert fires, a model could not be trained',
    wrongUse: 'wrong use: an unknown option, id or configuration value',
    cannotReach: 'the server cannot be reached or does not answer',
    failed: 'it failed',
  };
  return [
    '# Commands',
    '',
    '`auspex COMMAND`, from a checkout `npm run -s auspex -- COMMAND`. Data go to stdout, talk to stderr. Colour only on a',
    'terminal and without `NO_COLOR`. `auspex help COMMAND` says the same as this page.',
    '',
    'This page is generated from `src/cli/program.ts`; `UPDATE_DOCS=1 npm test -- test/house/docs.test.ts` writes it anew.',
    '',
    '## Exit codes',
    '',
    '| code | when |',
    '|---|---|',
    ...Object.entries(exitCodes).map(([name, code]) => `| ${code} | ${words[name as keyof typeof exitCodes]} |`),
    '',
    '## Options of every command',
    '',
    ...optionTable(program.options),
    '',
    ...program.commands.flatMap((command) => section(command)),
  ].join('\n');
}

function section(command: Command): string[] {
  const heading = [`## \`auspex ${usage(command)}\``, '', `${sentence(command.description())}`, ''];
  const own = [...argumentTable(command.registeredArguments), ...optionTable(command.options)];
  const example = exampleOf(command);
  return [
    ...heading,
    ...(own.length === 0 ? [] : [...own, '']),
    ...(example === null ? [] : ['```sh', example, '```', '']),
    ...command.commands.flatMap((sub) => [
      `### \`auspex ${command.name()} ${usage(sub)}\``,
      '',
      sentence(sub.description()),
      '',
      ...(sub.options.length === 0 ? [] : [...optionTable(sub.options), '']),
    ]),
  ];
}

function usage(command: Command): string {
  const given = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
  const needed = command.options.filter((option) => option.mandatory && option.defaultValue === undefined);
  return [command.name(), ...needed.map((option) => option.flags), ...given].join(' ');
}

function argumentTable(all: readonly Argument[]): string[] {
  const told = all.filter((one) => one.description !== '');
  if (told.length === 0) return [];
  return ['| argument | |', '|---|---|', ...told.map((one) => `| \`${one.name()}\` | ${cell(one.description)} |`), ''];
}

function optionTable(all: readonly Option[]): string[] {
  if (all.length === 0) return [];
  return ['| option | |', '|---|---|', ...all.map((option) => `| \`${option.flags}\` | ${cell(optionText(option))} |`)];
}

function optionText(option: Option): string {
  const choices = option.argChoices === undefined ? '' : `; ${option.argChoices.map((one) => `\`${one}\``).join(', ')}`;
  const shown = option.defaultValue !== undefined && option.defaultValue !== false;
  return `${option.description}${choices}${shown ? `; default \`${String(option.defaultValue)}\`` : ''}${option.mandatory && !shown ? '; needed' : ''}`;
}

/** What the command's help names as its example: the help itself is asked, it is the only one that knows. */
function exampleOf(command: Command): string | null {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return /^ {2}\$ (.*)$/m.exec(help)?.[1] ?? null;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
