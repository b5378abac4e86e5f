/** Addresses, ports and messages that the parts of the soak agree on. */

export const VIRTUAL_IP = '240.240.0.20';
/** Ports of the service -> ports of the servers behind it. */
export const PORTS = {
  /** HTTP, left to sniffing. */
  http: { service: 80, server: 9080 },
  /** Bytes, declared as TCP. */
  declared: { service: 81, server: 9081 },
  /** Bytes, left to sniffing; the client speaks first. */
  sniffed: { service: 82, server: 9082 },
  /** Bytes, left to sniffing; the server greets first. */
  greeting: { service: 83, server: 9083 },
} as const;
export const SERVER_ADDRESSES = ['127.0.0.1', '127.0.0.2'] as const;

/** What a server sends unasked on the port `greeting`. */
export const GREETING = Buffer.from('220 soak server ready\r\n');

/** Says what a stream of bytes is to carry; goes first, padded to a fixed length. */
export interface Order {
  readonly stream: number;
  /** Bytes that the client means to send, and the server. */
  readonly up: number;
  readonly down: number;
  /** How each side ends: a FIN after all its bytes, or a reset after `resetAfter` of them. */
  readonly client: 'fin' | 'reset';
  readonly server: 'fin' | 'reset';
  readonly resetAfter: number;
}

export const ORDER_BYTES = 160;

/** The first byte is no letter, so that no sniffing takes it for HTTP. */
export function encodeOrder(order: Order): Buffer {
  return Buffer.from(`\0${JSON.stringify(order)}`.padEnd(ORDER_BYTES));
}

export function decodeOrder(bytes: Buffer): Order {
  return JSON.parse(bytes.toString('latin1', 1)) as Order;
}

/** What must never happen, whoever was killed: a byte that does not belong, something cut that looks whole, a stall. */
export class Wrong extends Error {}

/** Something that did not work, though perhaps because a peer had been killed just then. */
export interface Failure {
  /** Which side noticed. */
  readonly side: 'client' | 'server';
  readonly scenario: string;
  readonly sentence: string;
  /** Unix ms. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** From a client or a server process to the one that started it. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly scenario: string; readonly count: number; readonly bytes: number }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'wrong'; readonly sentence: string };

export function report(message: Report): void {
  process.send?.(message);
}

/** A whole number from `low` to `high`. */
export function between(low: number, high: number): number {
  return low + Math.floor(Math.random() * (high - low + 1));
}

export function chance(probability: number): boolean {
  return Math.random() < probability;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
