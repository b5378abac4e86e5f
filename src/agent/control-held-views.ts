import { decodeDirectoryView, decodeHostView, decodeServiceView } from '../contract/decode.ts';
import type { HostView } from '../contract/host-view.ts';
import { hostOfViewKey, serviceOfViewKey } from '../contract/subjects.ts';
import { type DirectoryView, isNewer, type ServiceView, type ViewVersion } from '../contract/views.ts';
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
  applied = 0;
  rejections = 0;
  lastRejection: string | null = null;

  constructor(apply: ApplyView, logger: Logger) {
    this.#apply = apply;
    this.#logger = logger;
  }

  /** Takes a view from the bus: puts it in force if it is sound and newer than the one held. */
  async offer(key: string, data: Uint8Array): Promise<'taken' | 'malformed'> {
    const view = decodeView(key, data);
    if (!view.ok) {
      this.#reject(key, view.error);
      return 'malformed';
    }
    const { version } = view.value;
    const held = this.versions.get(key);
    if (held !== undefined && !isNewer(version, held)) {
      // The view that we hold is still the newest there is: a refusal of something else under this key is over.
      if (compareGenerations(version, held) === 0) this.rejected.delete(key);
      return 'taken';
    }
    try {
      await this.#apply(view.value, key);
      this.versions.set(key, version);
      this.rejected.delete(key);
      this.applied++;
    } catch (cause) {
      this.#reject(key, cause instanceof Error ? cause.message : String(cause));
    }
    return 'taken';
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
