import { open } from 'node:fs/promises';
import { endianness } from 'node:os';
import { readOnce, type Scratch, SURELY_LAST_BYTES } from './proc-file.ts';

/** One TCP socket as the kernel lists it; addresses as text. */
export interface Socket {
  readonly isListening: boolean;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** 0 where no process has taken it yet. */
  readonly inode: number;
}

const ESTABLISHED = '01';
const LISTENING = '0A';
const CHUNK_BYTES = 64 << 10;
const NONE_IN_USE = /^TCP6?: inuse 0\b/m;
const KNOWN_ADDRESSES_AT_MOST = 10_000;
/** The kernel writes each 32 bits of an address as a number of its own byte order. */
const IS_LITTLE = endianness() === 'LE';
const MAPPED = '00000000000000000000FFFF';

/** The sockets of a network namespace that listen or are established, from `net/tcp` and `net/tcp6` of one of its processes. */
export class SocketTable {
  readonly #scratch: Scratch;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #texts = new Map<string, string>();

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  /**
   * At most `limit` sockets; null when neither file can be read. Where the counts say that there are none, the table is not walked. Read by a
   * thread of Node's pool, in chunks: many sockets make megabytes.
   */
  async read(folder: string, limit: number): Promise<Socket[] | null> {
    const sockets: Socket[] = [];
    const v4 = this.#isEmpty(`${folder}/sockstat`) || (await this.#readFile(`${folder}/tcp`, sockets, limit));
    const v6 = this.#isEmpty(`${folder}/sockstat6`) || (await this.#readFile(`${folder}/tcp6`, sockets, limit));
    return v4 || v6 ? sockets : null;
  }

  #isEmpty(path: string): boolean {
    if (readOnce(path, this.#scratch) !== 'ok') return false;
    return NONE_IN_USE.test(this.#scratch.bytes.toString('latin1', 0, this.#scratch.length));
  }

  async #readFile(path: string, sockets: Socket[], limit: number): Promise<boolean> {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(path, 'r');
    } catch {
      return false;
    }
    try {
      let rest = '';
      while (sockets.length < limit) {
        const { bytesRead } = await file.read(this.#chunk, 0, CHUNK_BYTES, null);
        const lines = (rest + this.#chunk.toString('latin1', 0, bytesRead)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const socket = this.#socketOf(line);
          if (socket !== null && sockets.length < limit) sockets.push(socket);
        }
        // Asking once more after the end costs another walk over the kernel's table.
        if (bytesRead < SURELY_LAST_BYTES) break;
      }
      return true;
    } catch {
      return false;
    } finally {
      await file.close();
    }
  }

  /** `   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 …`; null for the heading and other states. */
  #socketOf(line: string): Socket | null {
    const local = line.indexOf(': ') + 2;
    const remote = line.indexOf(' ', local) + 1;
    const state = line.indexOf(' ', remote) + 1;
    if (local < 2 || remote === 0 || state === 0) return null;
    const code = line.slice(state, state + 2);
    if (code !== ESTABLISHED && code !== LISTENING) return null;
    const words = line.slice(state).trim().split(/ +/);
    const inode = Number(words[6]);
    const [localHex, localPort] = line.slice(local, remote - 1).split(':');
    const [remoteHex, remotePort] = line.slice(remote, state - 1).split(':');
    const socket: Socket = {
      isListening: code === LISTENING,
      localAddress: this.#text(localHex ?? ''),
      localPort: Number.parseInt(localPort ?? '', 16),
      remoteAddress: this.#text(remoteHex ?? ''),
      remotePort: Number.parseInt(remotePort ?? '', 16),
      inode: Number.isInteger(inode) ? inode : 0,
    };
    const isWhole = socket.localAddress !== '' && socket.localPort > 0 && socket.remotePort >= 0;
    return isWhole ? socket : null;
  }

  #text(hex: string): string {
    let text = this.#texts.get(hex);
    if (text === undefined) {
      text = addressOf(hex, IS_LITTLE);
      if (this.#texts.size >= KNOWN_ADDRESSES_AT_MOST) this.#texts.clear();
      this.#texts.set(hex, text);
    }
    return text;
  }
}

/** The text of an address in hex digits; one of IPv4 within IPv6 as IPv4. Empty for anything else. `isLittle`: each 32 bits have their lowest byte first. */
export function addressOf(hex: string, isLittle: boolean): string {
  if (!/^([\dA-Fa-f]{8}|[\dA-Fa-f]{32})$/.test(hex)) return '';
  const digits = isLittle ? hex.replaceAll(/(..)(..)(..)(..)/g, '$4$3$2$1') : hex;
  const last = digits.slice(-8);
  const v4 = [0, 2, 4, 6].map((i) => Number.parseInt(last.slice(i, i + 2), 16)).join('.');
  if (hex.length === 8) return v4;
  if (digits.toUpperCase().startsWith(MAPPED)) return v4;
  const groups = digits.match(/..../g)?.join(':') ?? '';
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}

/** `127.0.0.1:6379`, `[::1]:6379`. */
export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
