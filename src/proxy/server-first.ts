/**
 * Destinations whose server spoke first. They are dialled at once next time, so that a banner costs no waiting; the client's
 * bytes, should they come first after all, are still sniffed, so remembering never costs a policy.
 */
import type { SockAddr } from '../reactor/socket-address.ts';

/** Bounded: the oldest is forgotten. */
const MAX_REMEMBERED = 4096;

export class ServerFirstMemory {
  readonly #known = new Set<number | string>();
  readonly #text = new Map<number | string, string>();

  has(destination: SockAddr): boolean {
    return this.#known.has(destination.key);
  }

  remember(destination: SockAddr): void {
    const { key } = destination;
    if (this.#known.has(key)) return;
    if (this.#known.size >= MAX_REMEMBERED) {
      const oldest = this.#known.values().next().value;
      if (oldest !== undefined) this.#forget(oldest);
    }
    this.#known.add(key);
    this.#text.set(key, destination.toString());
  }

  /** The client spoke first there: no more early dialling. */
  forget(destination: SockAddr): void {
    this.#forget(destination.key);
  }

  all(): readonly { readonly destination: string; readonly verdict: string }[] {
    return [...this.#text.values()].map((destination) => ({ destination, verdict: 'server-first' }));
  }

  #forget(key: number | string): void {
    this.#known.delete(key);
    this.#text.delete(key);
  }
}
