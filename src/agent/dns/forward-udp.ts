/** Sends a query on as it is, and waits for its answer: from a socket and a random port of its own, so that answers are hard to forge. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Resolver } from './original-resolver.ts';
import { HEADER_BYTES, type Query } from './read-query.ts';

/** Queries under way at once; each holds a socket. */
const MAX_UNDER_WAY = 512;
/** ms that one server may take where others are left to ask. */
const TRY_MS = 2_000;
/** ms that the last, or only, server may take: as long as the C library waits, and a little more. */
const LAST_MS = 6_000;

/** null: nobody answered. */
type Done = (answer: Buffer | null) => void;

export class UdpForwarder {
  readonly #underWay = new Set<Socket>();
  readonly #waits: { readonly tryMs: number; readonly lastMs: number };

  constructor(waits: { readonly tryMs: number; readonly lastMs: number } = { tryMs: TRY_MS, lastMs: LAST_MS }) {
    this.#waits = waits;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /**
   * Asks the servers one after the other until one answers. Calls back exactly once; at once with null when too many queries are
   * under way.
   * @param query null when the message has no question that we can read
   */
  forward(message: Buffer, query: Query | null, servers: readonly Resolver[], done: Done): void {
    const [server, ...others] = servers;
    if (server === undefined || this.#underWay.size >= MAX_UNDER_WAY) return done(null);
    const waitMs = others.length === 0 ? this.#waits.lastMs : this.#waits.tryMs;
    this.#ask(message, query, server, waitMs, (answer) => {
      if (answer !== null || others.length === 0) done(answer);
      else this.forward(message, query, others, done);
    });
  }

  /** Ends every query under way; nobody is called back. */
  close(): void {
    for (const socket of this.#underWay) socket.close();
    this.#underWay.clear();
  }

  #ask(message: Buffer, query: Query | null, server: Resolver, waitMs: number, done: Done): void {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    this.#underWay.add(socket);
    const finish = (answer: Buffer | null): void => {
      clearTimeout(timer);
      // False: already finished, or everything was closed.
      if (!this.#underWay.delete(socket)) return;
      socket.close();
      done(answer);
    };
    const timer = setTimeout(() => finish(null), waitMs);
    // A refused port comes as an error; nobody else can send to a connected socket.
    socket.on('error', () => finish(null));
    socket.on('message', (answer) => {
      if (answers(answer, message, query)) finish(answer);
    });
    // Also says that the address cannot be reached.
    socket.connect(server.port, server.address, (error?: Error) => {
      if (error !== undefined && error !== null) finish(null);
      else if (this.#underWay.has(socket)) socket.send(message);
    });
  }
}

/** An answer bears the question's id and repeats the question, letters of either case. Pure. */
export function answers(answer: Buffer, message: Buffer, query: Query | null): boolean {
  if (answer.length < HEADER_BYTES || (answer[2] & 0x80) === 0) return false;
  if (answer[0] !== message[0] || answer[1] !== message[1]) return false;
  // Some refusals come without the question.
  if (query === null || answer.readUInt16BE(4) === 0) return true;
  const asked = message.toString('latin1', HEADER_BYTES, query.questionEnd).toLowerCase();
  return answer.toString('latin1', HEADER_BYTES, query.questionEnd).toLowerCase() === asked;
}
