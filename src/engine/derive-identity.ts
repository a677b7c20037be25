import { type Emission, entityKeyOf, type Labels, labelValue, metricName } from '../model/index.ts';

const SAME_BOOT_SECONDS = 1;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/;

/** What a collection says of the machine it comes from. */
interface Machine {
  readonly nodename: string;
  readonly bootTime: number;
  readonly labels: Labels;
}

/**
 * Tells whether a scraped node_exporter runs on the machine that Auspex's own collector watches: same nodename, same boot
 * (within 1 s), and an instance that names this machine (loopback, its name, one of its addresses). Only then are the
 * two one host; a machine behind a tunnel on localhost has another nodename or boot.
 * Asked before a scrape's series are resolved, because a series' entity stays. Cost: O(1) a scrape once its sender is known.
 */
export class OwnMachine {
  readonly #addresses: () => readonly string[];
  readonly #settled = new Set<string>();
  #own: Machine | null = null;

  constructor(addresses: () => readonly string[]) {
    this.#addresses = addresses;
  }

  /** A collection of the own collector. */
  learn(samples: readonly Emission[]): void {
    this.#own ??= machineOf(samples);
  }

  /** The alias that leads from a scrape's series to the own host; null where they are another's or it is known already. */
  aliasFor(samples: readonly Emission[]): string | null {
    const first = samples[0];
    if (first === undefined || this.#own === null) return null;
    const sender = labelValue(first.labels, 'instance') ?? '';
    if (this.#settled.has(sender)) return null;
    const machine = machineOf(samples);
    // A scrape that failed says nothing yet.
    if (machine === null && samples.some((one) => metricName(one.labels) === 'up' && one.value === 0)) return null;
    this.#settled.add(sender);
    return machine !== null && this.#isOwn(machine, this.#own) ? entityKeyOf(machine.labels) : null;
  }

  #isOwn({ nodename, bootTime, labels }: Machine, own: Machine): boolean {
    if (nodename !== own.nodename || Math.abs(bootTime - own.bootTime) > SAME_BOOT_SECONDS) return false;
    const key = entityKeyOf(labels);
    if (!key.startsWith('instance=')) return false;
    const name = key.slice('instance='.length);
    return (
      LOOPBACK.test(name) ||
      name === own.nodename ||
      name.startsWith(`${own.nodename}.`) ||
      this.#addresses().includes(name.replace(/^\[|\]$/g, ''))
    );
  }
}

function machineOf(samples: readonly Emission[]): Machine | null {
  const uname = samples.find((sample) => metricName(sample.labels) === 'node_uname_info')?.labels;
  const bootTime = samples.find((sample) => metricName(sample.labels) === 'node_boot_time_seconds')?.value;
  const nodename = uname === undefined ? undefined : labelValue(uname, 'nodename');
  return uname === undefined || nodename === undefined || bootTime === undefined
    ? null
    : { nodename, bootTime, labels: uname };
}
