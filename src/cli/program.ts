import { Command, CommanderError } from 'commander';
import { version } from '../version.ts';
import type { GlobalOptions } from './connect.ts';
import { createOutput, exitCodes, type Output, reportError } from './output.ts';
import { addAudit, addUsers } from './program/access.ts';
import { addCalendar, addNotify, addReplay, addRules } from './program/alerting.ts';
import { addFiles } from './program/files.ts';
import { addChanges, addIncidents } from './program/incidents.ts';
import { addBackup, addLifecycle } from './program/lifecycle.ts';
import { addModels } from './program/models.ts';
import { addNow, addServices } from './program/now.ts';
import type { Making } from './program/making.ts';

/** Runs one command line; gives the exit code: 0 fine, 1 findings, 2 wrong use, 3 cannot reach, 4 failed. A command's code is loaded when it runs. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.fine;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.fine : exitCodes.wrongUse;
  }
  return code;
}

/** All commands, for running them and for the reference; `ended` hears the exit code of the one that ran. */
export function createProgram(ended: (code: number) => void): Command {
  const program = new Command('auspex')
    .description('Watches this machine and others, learns what is normal, says what will break and why.')
    .version(version, '--version', 'the version')
    .configureHelp({ showGlobalOptions: true })
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no talk on stderr')
    .option('--verbose', 'more talk on stderr')
    .option('--home <folder>', 'where Auspex keeps everything (AUSPEX_HOME)')
    .option('--config <file>', 'the configuration file (AUSPEX_CONFIG)')
    .option('--url <address>', 'a server elsewhere (AUSPEX_URL)')
    .option('--token <token>', 'a token of that server (AUSPEX_TOKEN)')
    .showSuggestionAfterError()
    .exitOverride();

  const globals = (): GlobalOptions => program.opts<GlobalOptions>();
  const act =
    <A extends unknown[]>(work: (output: Output, ...args: A) => Promise<number>) =>
    async (...args: A): Promise<void> => {
      const output = createOutput(globals());
      try {
        ended(await work(output, ...args));
      } catch (error) {
        ended(reportError(output, error));
      }
    };
  const command: Making['command'] = (name, description, example) =>
    program.command(name).description(description).addHelpText('after', `\nExample:\n  $ ${example}`).exitOverride();

  const making: Making = { command, act, globals };
  addLifecycle(making);
  addUsers(making);
  addAudit(making);
  addBackup(making);
  addNow(making);
  addIncidents(making);
  addChanges(making);
  addNotify(making);
  addCalendar(making);
  addServices(making);
  addModels(making);
  addReplay(making);
  addRules(making);
  addFiles(making);
  return program;
}
