import { Option } from 'commander';
import { connect } from '../connect.ts';
import { type Making, positive, seconds } from './making.ts';

export function addLifecycle({ command, act, globals }: Making): void {
  command('start', 'watch this machine; the page’s address is printed', 'auspex start --interval 5')
    .option('--interval <seconds>', 'how often the host is read (1–300)', seconds)
    .option('--duration <minutes>', 'stop by itself after this time', positive)
    .option('--listen <address:port>', 'where the page and the API answer (AUSPEX_LISTEN)')
    .option('--workers <n>', 'threads that learn and detect', positive)
    .action(
      act(async (output, options: { interval?: number; duration?: number; listen?: string; workers?: number }) =>
        (await import('../commands/start.ts')).start(output, globals(), options),
      ),
    );
  command('demo', 'a recorded fault, live on a page of its own; nothing of this machine is read', 'auspex demo')
    .option('--speed <n>', 'so many times as fast as it was', positive, 10)
    .action(
      act(async (output, options: { speed: number }) =>
        (await import('../commands/demo.ts')).demo(output, globals(), options),
      ),
    );
  command('stop', 'stop the Auspex of this home folder', 'auspex stop').action(
    act(async (output) => (await import('../commands/lifecycle.ts')).stop(output, globals())),
  );
  command('init', 'write a commented configuration file', 'auspex init')
    .option('--force', 'over one that is there')
    .action(
      act(async (output, options: { force?: boolean }) =>
        (await import('../commands/lifecycle.ts')).init(output, globals(), options.force === true),
      ),
    );
  command(
    'agent',
    'report this machine to a server elsewhere',
    'auspex agent --to https://auspex.example.com --token ausp_…',
  )
    .requiredOption('--to <url>', 'the server (AUSPEX_TO)', process.env['AUSPEX_TO'])
    .option('--interval <seconds>', 'how often the host is read (1–300)', seconds)
    .option('--ca <file>', 'certificate authority of the server, PEM')
    .option('--insecure', 'send the token over plain HTTP to another machine')
    .action(
      act(async (output, options: { to: string; interval?: number; ca?: string; insecure?: boolean }) =>
        (await import('../commands/agent.ts')).agent(output, globals(), options),
      ),
    );
  command(
    'doctor',
    'check this installation; --bundle writes a file for a bug report, secrets removed',
    'auspex doctor --bundle report.json.gz',
  )
    .option('--bundle [file]', 'write what a bug report needs')
    .action(
      act(async (output, options: { bundle?: string | true }) =>
        (await import('../commands/doctor.ts')).doctor(output, globals(), options.bundle),
      ),
    );
  const secrets = command(
    'secrets',
    'the keys that models and learnt state are encrypted with',
    'auspex secrets rotate',
  ).action(act(async (output) => (await import('../commands/secrets.ts')).secrets(output, globals())));
  secrets
    .command('rotate')
    .description('make a new key, encrypt everything with it, drop the old one')
    .exitOverride()
    .action(act(async (output) => (await import('../commands/secrets.ts')).rotate(output, globals())));
  command('token', 'make a token: for an agent, Prometheus or a program', 'auspex token --name web-2 --scope ingest')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(
      new Option('--scope <scope>', 'what it may do')
        .choices(['ingest', 'read', 'operate', 'approve', 'admin'])
        .default('ingest'),
    )
    .option('--days <n>', 'ends after so many days', positive)
    .action(
      act(
        async (
          output,
          options: { name: string; scope: 'ingest' | 'read' | 'operate' | 'approve' | 'admin'; days?: number },
        ) => (await import('../commands/lifecycle.ts')).token(output, connect(globals()), options),
      ),
    );
}

export function addBackup({ command, act, globals }: Making): void {
  command(
    'backup',
    'everything in one file, while Auspex runs or is stopped: samples, records, models, what was learnt',
    'auspex backup auspex-2026-11-21.tar.gz',
  )
    .argument('<file>', 'where to; it has this name only once it is whole and was read back')
    .option('--with-keys', 'also the key file: the backup alone then reads everything')
    .action(
      act(async (output, file: string, options: { withKeys?: boolean }) =>
        (await import('../commands/backup.ts')).backup(output, globals(), file, options.withKeys === true),
      ),
    );
  command('restore', 'a backup into the home folder of a stopped Auspex', 'auspex restore auspex-2026-11-21.tar.gz')
    .argument('<file>', 'the backup')
    .option('--force', 'over data that are there; they are kept in a folder beside')
    .option('--without-keys', 'where its key is lost: leave out what cannot be read')
    .action(
      act(async (output, file: string, options: { force?: boolean; withoutKeys?: boolean }) =>
        (await import('../commands/backup.ts')).restore(output, globals(), file, options),
      ),
    );
}
