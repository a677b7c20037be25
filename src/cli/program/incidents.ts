import { type Command, Option } from 'commander';
import { changeKinds } from '../../model/index.ts';
import type { AddChangeOptions, ChangesOptions } from '../commands/changes.ts';
import type { IncidentsOptions } from '../commands/incidents.ts';
import { connect } from '../connect.ts';
import { host, type Making, positive } from './making.ts';

export function addIncidents({ command, act, globals }: Making): void {
  const load = () => import('../commands/incidents.ts');
  const incidents = command(
    'incidents',
    'signs of one trouble, taken together; exit 1 when one is open',
    'auspex incidents --state open',
  )
    .addOption(new Option('--state <state>', 'open or resolved').choices(['open', 'resolved']))
    .addOption(host())
    .option('--limit <n>', 'how many', positive, 20)
    .action(
      act(async (output, options: IncidentsOptions) =>
        (await load()).listIncidents(connect(globals()), output, options),
      ),
    );
  const sub = (name: string, description: string): Command =>
    incidents.command(name).description(description).exitOverride();
  sub('show <id>', 'what it is, who may be behind it, its signs').action(
    act(async (output, id: string) => (await load()).showIncident(connect(globals()), output, id)),
  );
  for (const [name, what, description] of [
    ['ack', 'acknowledge', 'say that somebody is looking at it'],
    ['confirm', 'confirmed', 'this was trouble; its findings count as right'],
    ['dismiss', 'dismissed', 'this was no trouble: it is over, and its findings count as wrong'],
  ] as const)
    sub(`${name} <id>`, description).action(
      act(async (output, id: string) => (await load()).changeIncident(connect(globals()), output, id, what)),
    );
  sub('note <id> <text>', 'what was found or done, for those who meet the like again').action(
    act(async (output, id: string, text: string) => (await load()).noteIncident(connect(globals()), output, id, text)),
  );
  command(
    'explain',
    'why an incident, an alert or a finding is what it is, and what would have changed it',
    'auspex explain 6f1c2e9a4b7d0835',
  )
    .argument('<id>', 'as the lists show it')
    .action(
      act(async (output, id: string) =>
        (await import('../commands/explain.ts')).explain(connect(globals()), output, id),
      ),
    );
}

export function addChanges({ command, act, globals }: Making): void {
  const load = () => import('../commands/changes.ts');
  const kind = (): Option => new Option('--kind <kind>', 'of one kind').choices(changeKinds);
  const changes = command(
    'changes',
    'what was changed: deployments, edits, packages, restarts',
    'auspex changes add --service shop --from 1.4.0 --to 1.5.0 --by ci',
  )
    .addOption(host())
    .option('--service <name>', 'one service only')
    .addOption(kind())
    .option('--since <time>', 'from then on, ISO 8601')
    .option('--limit <n>', 'how many', positive, 20)
    .action(
      act(async (output, options: ChangesOptions) => (await load()).listChanges(connect(globals()), output, options)),
    );
  changes
    .command('add [what]')
    .description('tell of a change: a deployment unless --kind says otherwise')
    .exitOverride()
    .option('--service <name>', 'the service that was changed')
    .option('--host <name>', 'the host or target that was changed')
    .addOption(kind())
    .option('--from <version>', 'the version before')
    .option('--to <version>', 'the version now')
    .option('--by <name>', 'who did it')
    .option('--link <url>', 'where one reads more')
    .option('--at <time>', 'when it took effect, ISO 8601; now unless given')
    .option('--id <id>', 'the same id is kept once')
    .action(
      // An option of both commands is the first one's, wherever it stands.
      act(async (output, what: string | undefined, _: AddChangeOptions, own: Command) =>
        (await load()).addChange(connect(globals()), output, what, own.optsWithGlobals<AddChangeOptions>()),
      ),
    );
}
