const PAGE_BYTES = 65_536;

/**
 * WebAssembly functions with a memory of its own, made when first used. One for each kind of work and thread, shared by all
 * who do that work: what is in the memory belongs to whoever reserved it last (`owner`). Memory only grows; `release` gives up a large one.
 */
export class VectorKernel {
  readonly #module: Uint8Array;
  #memory: WebAssembly.Memory | null = null;
  #functions: Readonly<Record<string, (...parameters: number[]) => void>> = {};
  owner: object | null = null;

  constructor(module: Uint8Array) {
    this.#module = module;
  }

  /** The memory, at least so many bytes of it; growing it makes earlier views useless, what they held stays. */
  reserve(bytes: number): ArrayBuffer {
    if (this.#memory === null) {
      this.#memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_BYTES) });
      const imports = { env: { memory: this.#memory } };
      this.#functions = new WebAssembly.Instance(new WebAssembly.Module(this.#module), imports).exports;
    }
    const missing = Math.ceil(bytes / PAGE_BYTES) - this.#memory.buffer.byteLength / PAGE_BYTES;
    if (missing > 0) this.#memory.grow(missing);
    return this.#memory.buffer;
  }

  /** A function by its place in the module. Addresses are bytes from the beginning of the memory that was reserved. */
  f(place: number): (...parameters: number[]) => void {
    return this.#functions[`f${place}`];
  }

  /** Lets go of the memory if it has more than so many bytes. */
  release(most: number): void {
    if (this.#memory === null || this.#memory.buffer.byteLength <= most) return;
    this.#memory = null;
    this.owner = null;
  }
}
