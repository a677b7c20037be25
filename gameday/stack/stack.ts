import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackView } from '../arms/arm.ts';
import { UndoLedger } from '../undo/ledger.ts';
import { makeCertificates } from './certificates.ts';
import { ControlGroups } from './control-groups.ts';
import { fillData, makeCluster } from './data.ts';
import { PATH } from './execute.ts';
import { type Network, makeNetwork } from './network.ts';
import { Part } from './part.ts';
import { DATABASE_PORT, makePlans, type Plans } from './plans.ts';
import { freePort } from './ports.ts';
import { makeSpool } from './spool.ts';

/** The parts of one gameday, running. `close` takes all of it away again, and so does the end of the process. */
export class Stack implements StackView {
  readonly id: string;
  readonly folder: string;
  readonly ledger: UndoLedger;
  readonly groups: ControlGroups;
  readonly network: Network;
  readonly spool: string;
  readonly parts: readonly Part[];
  readonly plans: Plans;
  readonly password: string;

  private constructor(made: StackPieces) {
    this.id = made.id;
    this.folder = made.folder;
    this.ledger = made.ledger;
    this.groups = made.groups;
    this.network = made.network;
    this.spool = made.spool;
    this.parts = made.parts;
    this.plans = made.plans;
    this.password = made.password;
  }

  /** Makes and starts it all; some ten seconds. What is half made is taken away again when a part fails. */
  static async make(supervision: 'once' | 'up'): Promise<Stack> {
    const id = `gd${randomBytes(2).toString('hex')}`;
    const folder = mkdtempSync(join(tmpdir(), `gameday-${id}-`));
    // The database's own user walks through it.
    chmodSync(folder, 0o755);
    const ledger = new UndoLedger(join(folder, 'undo.jsonl'));
    ledger.add(['rm', '-rf', '--one-file-system', folder]);
    try {
      return new Stack(await assemble(id, folder, ledger, supervision));
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  get namespaces(): readonly string[] {
    return [this.network.data.namespace, this.network.client.namespace];
  }

  get interfaces(): readonly string[] {
    return [this.network.data.device, this.network.client.device];
  }

  get scrape(): StackView['scrape'] {
    return this.parts.flatMap((part) =>
      part.metricsUrl === null
        ? []
        : [{ job: part.kind === 'service' ? 'shop' : part.name, instance: part.name, url: part.metricsUrl }],
    );
  }

  get logs(): StackView['logs'] {
    const watched = this.parts.filter((part) => part.kind !== 'exporter');
    const own = watched.map((part) => ({
      service: part.kind === 'service' ? 'shop' : part.name,
      instance: part.name,
      path: part.logFile,
    }));
    return [...own, { service: 'edge', instance: 'edge', path: join(this.folder, 'log', 'edge-error.log') }];
  }

  /** Where clients find the edge. */
  get edge(): { readonly host: string; readonly port: number; readonly ca: string } {
    return { host: this.plans.edge.address, port: this.plans.edge.port, ca: join(this.folder, 'ca.crt') };
  }

  /** @throws Error for a name that no part has. */
  part(name: string): Part {
    const part = this.parts.find((one) => one.name === name);
    if (part === undefined) throw new Error(`There is no part ${name}.`);
    return part;
  }

  /** In a group of its own unless another is named; its end is in the ledger already. */
  async start(
    name: string,
    argv: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly pipes?: boolean } = {},
  ): Promise<ChildProcess> {
    const log = openSync(join(this.folder, 'log', `${name}.log`), 'a');
    const [command, ...words] = this.groups.inside(name, argv);
    const child = spawn(command as string, words, {
      cwd: options.cwd ?? this.folder,
      env: { ...process.env, PATH, ...options.env },
      stdio: options.pipes === true ? ['pipe', 'pipe', log] : ['ignore', log, log],
      // An interrupt at the terminal is the gameday's to handle.
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return child;
  }

  freePort(): Promise<number> {
    return freePort();
  }

  /** Takes everything away. Resolves with what could not be. */
  close(): Promise<string[]> {
    return this.ledger.close();
  }
}

async function assemble(
  id: string,
  folder: string,
  ledger: UndoLedger,
  supervision: 'once' | 'up',
): Promise<StackPieces> {
  mkdirSync(join(folder, 'log'));
  const groups = new ControlGroups(id, ledger);
  const network = await makeNetwork(id, ledger);
  const spool = await makeSpool(id, folder, ledger);
  // From here on processes run; whatever else is undone, they go first.
  ledger.add(groups.killAll);
  const [cluster] = await Promise.all([
    makeCluster(folder, network.data.insideAddress, DATABASE_PORT, groups),
    makeCertificates(folder),
  ]);
  const password = randomBytes(12).toString('hex');
  const secret = randomBytes(24).toString('hex');
  const plans = await makePlans({ id, folder, network, spool, secret, password, cluster });
  const parts = plans.plans.map((plan) => new Part(plan, groups, folder, supervision));
  await Promise.all(parts.map((part) => part.supervise(groups)));
  await startAll(parts, plans);
  return { id, folder, ledger, groups, network, spool, parts, plans, password };
}

type StackPieces = Pick<
  Stack,
  'id' | 'folder' | 'ledger' | 'groups' | 'network' | 'spool' | 'parts' | 'plans' | 'password'
>;

/** What holds the data first: the others ask it when they start. */
async function startAll(parts: readonly Part[], plans: Plans): Promise<void> {
  const isFirst = (part: Part): boolean => part.kind === 'database' || part.kind === 'cache';
  for (const part of parts.filter(isFirst)) await part.start();
  await Promise.all(parts.filter(isFirst).map((part) => part.ready()));
  await fillData(plans.databaseUrl, plans.cacheUrl);
  for (const part of parts.filter((one) => !isFirst(one))) await part.start();
  await Promise.all(parts.map((part) => part.ready()));
}
