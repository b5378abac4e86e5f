import { decodeDirectoryView, decodeHostView, decodeServiceView } from '../contract/decode.ts';
import type { HostView } from '../contract/host-view.ts';
import type { Ack, Generation } from '../contract/messages.ts';
import { hostOfViewKey, serviceOfViewKey } from '../contract/subjects.ts';
import { type DirectoryView, isNewer, type ServiceView, type ViewVersion } from '../contract/views.ts';
import { LineGate } from '../core/line-gate.ts';
import type { Logger } from '../telemetry/logger.ts';
import { compareGenerations } from './control-generation.ts';

/** Puts a view in force; a rejection is a refusal, with its message as the reason. */
export type ApplyView = (view: DirectoryView | ServiceView | HostView, key: string) => Promise<void>;

/** Which version of each view is in force, and which newer ones were refused. Views never step back. */
export class HeldVersions {
  readonly versions = new Map<string, ViewVersion>();
  /** View key -> why the newest view of it is not in force. */
  readonly rejected = new Map<string, string>();
  readonly #apply: ApplyView;
  readonly #logger: Logger;
  readonly #lines = new LineGate(10);
  applied = 0;
  rejections = 0;
  lastRejection: string | null = null;

  constructor(apply: ApplyView, logger: Logger) {
    this.#apply = apply;
    this.#logger = logger;
  }

  /**
   * Takes a view that a message brought. What is malformed or not credible is counted at most: a message may come from anybody.
   * @returns false: what the store holds must be read
   */
  async hear(key: string, data: Uint8Array, isCredible: (version: ViewVersion) => boolean): Promise<boolean> {
    const view = decodeView(key, data);
    if (view.ok && isCredible(view.value.version)) {
      await this.#take(key, view.value);
      return true;
    }
    if (!view.ok) this.ignore(key, view.error);
    return false;
  }

  /** Takes a view of the store: puts it in force if it is sound and newer than the one held. */
  async offer(key: string, data: Uint8Array): Promise<'taken' | 'malformed'> {
    const view = decodeView(key, data);
    if (view.ok) await this.#take(key, view.value);
    else this.#reject(key, view.error);
    return view.ok ? 'taken' : 'malformed';
  }

  async #take(key: string, view: DirectoryView | ServiceView | HostView): Promise<void> {
    const { version } = view;
    const held = this.versions.get(key);
    if (held !== undefined && !isNewer(version, held)) {
      // The view that we hold is still the newest there is: a refusal of something else under this key is over.
      if (compareGenerations(version, held) === 0) this.rejected.delete(key);
      return;
    }
    try {
      await this.#apply(view, key);
      this.versions.set(key, version);
      this.rejected.delete(key);
      this.applied++;
    } catch (cause) {
      this.#reject(key, cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** Does what was put off when a view was taken. @returns whether it worked: the view is refused otherwise */
  async enforce(key: string, act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (cause) {
      this.versions.delete(key);
      this.#reject(key, cause instanceof Error ? cause.message : String(cause));
      return false;
    }
  }

  /** What is no view and was not understood: counted like a refused one. */
  ignore(key: string, reason: string): void {
    this.rejections++;
    this.lastRejection = `${key}: ${reason.slice(0, 500)}`;
    if (!this.#lines.admits(performance.now())) return;
    this.#logger.warn({ key, reason: reason.slice(0, 500) }, 'ignored a malformed message');
  }

  /** What control is told about a generation that was dealt with. */
  ackOf({ epoch, gen }: Generation): Ack {
    const errors = [...this.rejected].slice(0, 20).map(([key, reason]) => ({ key, reason }));
    return { epoch, gen, result: errors.length === 0 ? 'ACK' : 'NACK', errors };
  }

  counts() {
    return { viewsApplied: this.applied, viewsRejected: this.rejections, lastRejection: this.lastRejection };
  }

  forget(key: string): void {
    this.versions.delete(key);
    this.rejected.delete(key);
  }

  #reject(key: string, reason: string): void {
    const text = reason.slice(0, 500);
    this.rejections++;
    this.rejected.set(key, text);
    this.lastRejection = `${key}: ${text}`;
    this.#logger.error({ key, reason: text }, 'refused a view; the one before stays in force');
  }
}

function decodeView(key: string, data: Uint8Array) {
  const service = serviceOfViewKey(key);
  if (service !== null) return decodeServiceView(data, service);
  return hostOfViewKey(key) === null ? decodeDirectoryView(data) : decodeHostView(data);
}
