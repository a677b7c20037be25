import { Argument, type Command, Option } from 'commander';
import type { Role } from '../../model/index.ts';
import type { AuditFilter } from '../commands/audit.ts';
import { connect } from '../connect.ts';
import { type Making, positive } from './making.ts';

export function addUsers({ command, act, globals }: Making): void {
  const roles = ['viewer', 'operator', 'approver', 'admin'] as const;
  const load = () => import('../commands/users.ts');
  const users = command('users', 'who may sign in', 'auspex users add ann --role operator').action(
    act(async (output) => (await load()).listUsers(connect(globals()), output)),
  );
  const sub = (name: string, description: string): Command =>
    users.command(name).description(description).exitOverride();
  sub('list', 'who may sign in').action(act(async (output) => (await load()).listUsers(connect(globals()), output)));
  sub('add <name>', 'add a user; prints a one-time link with which they set a password')
    .addOption(new Option('--role <role>', 'what they may do').choices(roles).default('viewer'))
    .action(
      act(async (output, name: string, options: { role: Role }) =>
        (await load()).addUser(connect(globals()), output, name, options.role),
      ),
    );
  sub('role', 'give another role, in force at once')
    .argument('<name>')
    .addArgument(new Argument('<role>').choices(roles))
    .action(
      act(async (output, name: string, role: Role) =>
        (await load()).changeUser(connect(globals()), output, name, { role }),
      ),
    );
  for (const [name, disabled, description] of [
    ['disable', true, 'sign them out everywhere and let them in no more'],
    ['enable', false, 'let them in again'],
  ] as const)
    sub(`${name} <name>`, description).action(
      act(async (output, id: string) => (await load()).changeUser(connect(globals()), output, id, { disabled })),
    );
  sub('reset <name>', 'take the password away; prints a one-time link to set a new one').action(
    act(async (output, name: string) => (await load()).resetUser(connect(globals()), output, name)),
  );
}

export function addAudit({ command, act, globals }: Making): void {
  const outcomes = ['begun', 'done', 'failed', 'refused'] as const;
  const audit = command(
    'audit',
    'what was done, by whom and from where, newest first',
    'auspex audit --actor ann --days 7',
  )
    .option('--actor <name>', 'of one user or token')
    .option('--action <action>', 'of one kind: token.add, session.sign-in, model.promote …')
    .option('--target <target>', 'on one thing')
    .addOption(new Option('--outcome <outcome>', 'how it went').choices(outcomes))
    .option('--days <n>', 'how far back', positive)
    .option('--limit <n>', 'how many', positive, 50)
    .action(
      act(async (output, options: AuditFilter) =>
        (await import('../commands/audit.ts')).listAudit(connect(globals()), output, options),
      ),
    );
  audit
    .command('verify')
    .description('whether a row was edited, removed, moved or cut off; exit 1 where one was')
    .exitOverride()
    .action(act(async (output) => (await import('../commands/audit.ts')).verifyAudit(output, globals())));
  audit
    .command('export')
    .description('the log with its hashes on stdout, for who audits')
    .addOption(new Option('--format <format>', 'JSON lines or CSV').choices(['json', 'csv']).default('json'))
    .exitOverride()
    .action(
      act(async (_output, { format }: { format: 'json' | 'csv' }) =>
        (await import('../commands/audit.ts')).exportAudit(connect(globals()), format, audit.opts<AuditFilter>().days),
      ),
    );
}
