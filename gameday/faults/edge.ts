import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signCertificate } from '../stack/certificates.ts';
import { run } from '../stack/execute.ts';
import { edgeConfiguration } from '../stack/edge.ts';
import type { Stack } from '../stack/stack.ts';
import type { Step } from './step.ts';

/* What is done to the edge: another configuration, another certificate, an instance taken out. */

/** Copies a file over another and has the edge read it in. A dead edge reads it when it starts. */
const TAKE = 'cp "$1" "$2" && { kill -HUP "$(cat "$3")" || true; }';

function takeWords(stack: Stack, from: string, to: string): string[] {
  return ['sh', '-c', TAKE, 'take', join(stack.folder, from), join(stack.folder, to), stack.part('edge').pidFile];
}

/** Writes down how the named file comes back. */
function keep(stack: Stack, file: string): void {
  copyFileSync(join(stack.folder, file), join(stack.folder, `${file}.good`));
  stack.ledger.add(takeWords(stack, `${file}.good`, file), false);
}

/** The edge is told to find the services where none is. */
export function wrongUpstream(): Step {
  return {
    says: 'the edge is given a configuration with wrong ports',
    async apply({ stack }) {
      keep(stack, 'nginx.conf');
      const { edge } = stack.plans;
      const wrong = await stack.freePort();
      const text = edgeConfiguration({ ...edge, instances: edge.instances.map(({ name }) => ({ name, port: wrong })) });
      writeFileSync(join(stack.folder, 'nginx.conf.new'), text);
      await run(takeWords(stack, 'nginx.conf.new', 'nginx.conf'));
    },
  };
}

/** The edge shows a certificate of so many days; a negative number is one that ended so long ago. */
export function certificate(days: number): Step {
  return {
    says: days < 0 ? 'the certificate of the edge has expired' : 'the certificate of the edge is renewed',
    programs: days < 0 ? ['faketime'] : [],
    async apply({ stack }) {
      keep(stack, 'edge.crt');
      await signCertificate(stack.folder, 'edge.crt.new', days);
      await run(takeWords(stack, 'edge.crt.new', 'edge.crt'));
    },
  };
}

/** Takes an instance out of the edge's list, or all in with null. Requests under way are answered. */
export async function drain(stack: Stack, instance: string | null): Promise<void> {
  const text = edgeConfiguration({ ...stack.plans.edge, ...(instance === null ? {} : { drained: instance }) });
  writeFileSync(join(stack.folder, 'nginx.conf.new'), text);
  await run(takeWords(stack, 'nginx.conf.new', 'nginx.conf'));
}

/** Writes down that the edge gets its whole list back. */
export function undoDrain(stack: Stack): void {
  keep(stack, 'nginx.conf');
}
