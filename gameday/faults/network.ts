import { needed, run } from '../stack/execute.ts';
import { inNamespace } from '../stack/network.ts';
import { CACHE_PORT } from '../stack/plans.ts';
import type { Stack } from '../stack/stack.ts';
import { type Step, writeWords } from './step.ts';

/* Faults of the network. All but one lie in the run's own namespaces and on its own links. */

/** A table of the run's own with one rule for what comes in. */
async function addRule(stack: Stack, before: readonly string[], rule: string, outlives: boolean): Promise<void> {
  const nft = [...before, needed('nft')];
  const table = `${stack.id}_fault`;
  const gone = '"$@" 2>/dev/null || true';
  stack.ledger.add(['sh', '-c', gone, 'delete', ...nft, 'delete', 'table', 'inet', table], outlives);
  const lines = [`table inet ${table} {`, 'chain in {', 'type filter hook input priority 0;', rule, '}', '}'];
  await run([...nft, lines.join('\n')]);
}

/** A share of the packets to the data's side is lost. */
export function dropPackets(percent: number): Step {
  return {
    says: `${percent} % of the packets to the data are lost`,
    programs: ['nft'],
    apply: ({ stack }) =>
      addRule(
        stack,
        inNamespace(stack.network.data),
        `iifname "${stack.network.data.inside}" numgen random mod 100 < ${percent} drop`,
        false,
      ),
  };
}

/** Every packet to the cache is answered by a reset. */
export function resetCache(): Step {
  return {
    says: 'connections to the cache are reset',
    programs: ['nft'],
    apply: ({ stack }) =>
      addRule(stack, inNamespace(stack.network.data), `tcp dport ${CACHE_PORT} reject with tcp reset`, false),
  };
}

/** Figures are dropped on their way to whoever scrapes them. The only rule on the machine itself: for the run's own ports. */
export function loseTelemetry(): Step {
  return {
    says: 'no figures of the stack can be read',
    programs: ['nft'],
    apply({ stack }) {
      const ports = stack.scrape.map(({ url }) => new URL(url).port);
      return addRule(stack, [], `iif "lo" tcp dport { ${ports.join(', ')} } drop`, true);
    },
  };
}

/** The data's side has no way back to the machine: connections time out. */
export function blackholeRoute(): Step {
  return {
    says: 'the route from the data to the services is gone',
    async apply({ stack }) {
      const { namespace, outsideAddress } = stack.network.data;
      const route = ['route', 'add', 'blackhole', `${outsideAddress}/32`];
      const ip = ['ip', '-n', namespace];
      stack.ledger.add([...ip, 'route', 'del', ...route.slice(2)], false);
      await run([...ip, ...route]);
    },
  };
}

/** So much a second goes to the clients and no more, with a queue of less than half a second. */
export function limitRate(rate: string): Step {
  return {
    says: `the link to the clients carries ${rate}`,
    programs: ['tc'],
    async apply({ stack }) {
      const device = ['dev', stack.network.client.device, 'root'];
      stack.ledger.add(['tc', 'qdisc', 'del', ...device], false);
      await run(['tc', 'qdisc', 'add', ...device, 'tbf', 'rate', rate, 'burst', '16kb', 'latency', '400ms']);
    },
  };
}

/** The dependency answers, but late. */
export function slowPricing(ms: number): Step {
  return {
    says: `pricing takes ${ms} ms longer`,
    async apply({ stack }) {
      stack.ledger.add(writeWords(stack.plans.delayFile, '0'), false);
      await run(writeWords(stack.plans.delayFile, String(ms)));
    },
  };
}
