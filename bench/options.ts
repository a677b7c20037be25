/** `--name value` pairs behind the parts' names. */
export class Options {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  number(name: string, otherwise: number): number {
    const text = this.#values.get(name);
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not "${text}".`);
    return value;
  }

  text(name: string, otherwise: string): string {
    return this.#values.get(name) ?? otherwise;
  }
}

/** What a bench is asked to do: its parts (all without a name) and their options. Ends the process after --help, and with 2 for an unknown part. */
export function asked(
  args: readonly string[],
  parts: readonly string[],
  command: string,
): { names: readonly string[]; options: Options } {
  const names: string[] = [];
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === '--help' || arg === '-h') {
      process.stdout.write(
        `${command} -- [part …] [--option value …]\nParts, all of them without a name: ${parts.join(', ')}.\n`,
      );
      process.exit(0);
    }
    if (!arg.startsWith('--')) names.push(arg);
    else values.set(arg.slice(2), args[++i] ?? '');
  }
  const unknown = names.filter((name) => !parts.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no part ${unknown.join(', ')}. Parts: ${parts.join(', ')}.\n`);
    process.exit(2);
  }
  return { names: names.length > 0 ? names : parts, options: new Options(values) };
}
