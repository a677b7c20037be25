import { closeSync, openSync, readSync } from 'node:fs';

const CAPACITY_LIMIT = 4 << 20;
/** The kernel ends a read early only when the next line would not fit its page: one that gave less than this was the last. */
export const SURELY_LAST_BYTES = 2048;

/** The bytes of the file read last; one for all files of a collector, so that a collection allocates next to nothing. */
export class Scratch {
  bytes: Buffer = Buffer.allocUnsafe(64 << 10);
  length = 0;

  /** Fills itself from an open file, from its start. A file of several pages comes in several reads. */
  fill(fd: number): void {
    this.length = 0;
    for (;;) {
      if (this.length === this.bytes.length && !this.#grow()) return;
      const n = readSync(fd, this.bytes, this.length, this.bytes.length - this.length, this.length);
      this.length += n;
      if (n < SURELY_LAST_BYTES) return;
    }
  }

  /** One read: for files that come whole, like all of a process. */
  fillAtOnce(fd: number): void {
    this.length = readSync(fd, this.bytes, 0, this.bytes.length, 0);
  }

  #grow(): boolean {
    if (this.bytes.length >= CAPACITY_LIMIT) return false;
    const larger = Buffer.allocUnsafe(this.bytes.length * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    return true;
  }
}

/** A file of /proc or /sys that is read each interval: opened once, read from its start by pread. Opened anew after an error. */
export class ProcFile {
  readonly path: string;
  #fd = -1;
  /** The error code of the last failed read (`ENOENT`, `EACCES` …), or null. */
  fault: string | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** Reads the file into `scratch`; false when it cannot be read, the reason is in `fault`. */
  read(scratch: Scratch): boolean {
    try {
      if (this.#fd < 0) this.#fd = openSync(this.path, 'r');
      scratch.fill(this.#fd);
      this.fault = null;
      return scratch.length > 0;
    } catch (error) {
      this.fault = errorCode(error);
      this.close();
      return false;
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    closeSync(fd);
  }
}

/** Reads a file that is opened each time: processes come and go. False when it cannot be read. */
export function readOnce(path: string, scratch: Scratch): 'ok' | 'gone' | 'denied' {
  let fd = -1;
  try {
    fd = openSync(path, 'r');
    scratch.fill(fd);
    return 'ok';
  } catch (error) {
    const code = errorCode(error);
    return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'gone';
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** Some descriptors kept open for files of processes: reading again then takes one system call instead of three. */
export class HeldFiles {
  #free: number;

  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Reads `path` by the descriptor kept for it, or opens it. `keep` asks to keep it open; -1 as descriptor means none is
   * kept. The kernel binds a kept one to its process: it never reads another that got the same number.
   */
  read(held: { fd: number }, path: string, scratch: Scratch, keep: boolean): 'ok' | 'gone' | 'denied' {
    if (held.fd >= 0) {
      try {
        scratch.fillAtOnce(held.fd);
        return 'ok';
      } catch {
        this.release(held);
      }
    }
    let fd = -1;
    try {
      fd = openSync(path, 'r');
      scratch.fillAtOnce(fd);
      if (keep && this.#free > 0) {
        this.#free--;
        held.fd = fd;
        fd = -1;
      }
      return 'ok';
    } catch (error) {
      const code = errorCode(error);
      return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'gone';
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }

  release(held: { fd: number }): void {
    if (held.fd < 0) return;
    closeSync(held.fd);
    held.fd = -1;
    this.#free++;
  }
}

/** A small text file, trimmed; undefined when it cannot be read or is empty. */
export function readText(path: string, scratch: Scratch): string | undefined {
  if (readOnce(path, scratch) !== 'ok') return undefined;
  const text = scratch.bytes.toString('utf8', 0, scratch.length).trim();
  return text === '' ? undefined : text;
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}
