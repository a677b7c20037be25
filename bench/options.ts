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
