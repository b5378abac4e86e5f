/** A TCP connection to read from at one's own pace, which tells a FIN from a reset. */
import { connect, type Socket } from 'node:net';
import { Wrong } from './plan.ts';

/** The stream ended before what was asked for had come. */
export class Cut extends Error {
  readonly how: 'fin' | 'reset';

  constructor(how: 'fin' | 'reset', what: string) {
    super(`${how === 'fin' ? 'ended' : 'reset'} ${what}`);
    this.how = how;
  }
}

/** Nothing came for this long: also a killed peer shows at once, so nothing excuses a stall. */
const STALL_MS = 20_000;

export class Wire {
  readonly socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;
  #reset: string | null = null;
  /** Reading and writing may wait at the same time. */
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    const wake = (): void => {
      for (const one of this.#waiting) one();
    };
    socket.on('connect', wake);
    socket.on('readable', wake);
    socket.on('drain', wake);
    socket.on('finish', wake);
    socket.on('end', () => {
      this.#ended = true;
      wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reset = error.code ?? error.message;
      wake();
    });
    socket.on('close', () => {
      if (!this.#ended) this.#reset ??= 'closed';
      wake();
    });
  }

  static async dial(address: string, port: number): Promise<Wire> {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const wire = new Wire(socket);
    await wire.#until(() => !socket.connecting || wire.#reset !== null, 'while connecting');
    if (wire.#reset !== null) throw new Cut('reset', `while connecting: ${wire.#reset}`);
    return wire;
  }

  /** The next bytes, any number; null after a FIN. @throws Cut on a reset; Wrong on a stall */
  async some(): Promise<Buffer | null> {
    if (this.#held.length > 0) return this.#release(this.#held.length);
    let chunk: Buffer | null = null;
    await this.#until(() => {
      chunk = this.socket.read() as Buffer | null;
      return chunk !== null || this.#ended || this.#reset !== null;
    }, 'while reading');
    if (chunk !== null) return chunk;
    if (this.#reset !== null) throw new Cut('reset', `while reading: ${this.#reset}`);
    return null;
  }

  /** At most `limit` bytes. @throws Cut on any end */
  async upTo(limit: number): Promise<Buffer> {
    if (this.#held.length === 0) {
      const chunk = await this.some();
      if (chunk === null) throw new Cut('fin', 'before all had come');
      this.#held = chunk;
    }
    return this.#release(Math.min(limit, this.#held.length));
  }

  /** Everything up to and with the mark. @throws Cut; Error when it does not come within 16 KiB */
  async through(mark: string): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at >= 0) return this.#release(at + mark.length).toString('latin1');
      if (this.#held.length > 16_384) throw new Error(`no ${JSON.stringify(mark)} within 16 KiB`);
      const before = this.#release(this.#held.length);
      const chunk = await this.some();
      if (chunk === null) throw new Cut('fin', `before ${JSON.stringify(mark)}`);
      this.#held = Buffer.concat([before, chunk]);
    }
  }

  /** Waits while the socket's buffer is full. @throws Cut when the other side is gone */
  async write(bytes: Buffer | string): Promise<void> {
    if (this.#reset !== null) throw new Cut('reset', `while writing: ${this.#reset}`);
    if (this.socket.write(bytes)) return;
    await this.#until(() => !this.socket.writableNeedDrain || this.#reset !== null, 'while writing');
    if (this.#reset !== null) throw new Cut('reset', `while writing: ${this.#reset}`);
  }

  /** Puts bytes back in front of what is to come. */
  unread(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** FIN: nothing more comes from us. Waits until the kernel has it all, so that a `destroy` afterwards cuts nothing. @throws Cut */
  async end(): Promise<void> {
    this.socket.end();
    await this.#until(() => this.socket.writableFinished || this.#reset !== null, 'while ending');
    if (this.#reset !== null) throw new Cut('reset', `while ending: ${this.#reset}`);
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #release(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  async #until(ready: () => boolean, what: string): Promise<void> {
    while (!ready()) {
      await new Promise<void>((resolve, reject) => {
        const settle = (how: () => void): void => {
          clearTimeout(stalled);
          this.#waiting.delete(wake);
          how();
        };
        const wake = (): void => settle(resolve);
        const late = new Wrong(`nothing happened for ${STALL_MS / 1000} s ${what}`);
        const stalled = setTimeout(() => settle(() => reject(late)), STALL_MS);
        this.#waiting.add(wake);
      });
    }
  }
}
