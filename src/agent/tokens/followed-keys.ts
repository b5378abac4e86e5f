/** Keeps the keys of the issuers that this host's policies name, as fresh as they are published. */
import type { HostView } from '../../contract/host-view.ts';
import type { KeySource } from '../../contract/jwt-views.ts';
import type { PublicJwk } from '../../core/json-web-keys.ts';
import type { Logger } from '../../telemetry/logger.ts';

export const REFRESH_MS = 5 * 60_000;
const RETRY_MS = 10_000;
/** Issuers of one host. */
const MAX_FOLLOWED = 256;

interface Followed {
  readonly source: KeySource;
  timer: NodeJS.Timeout | null;
  /** What was told last, as JSON. */
  told: string;
}

export class FollowedKeys {
  readonly #fetch: (source: KeySource) => Promise<readonly PublicJwk[]>;
  readonly #tell: (url: string, keys: readonly PublicJwk[]) => Promise<void>;
  readonly #logger: Logger;
  readonly #followed = new Map<string, Followed>();

  /** @param tell called with keys that are new; those of before stay in use until then, whatever happens to the issuer */
  constructor(
    fetch: (source: KeySource) => Promise<readonly PublicJwk[]>,
    tell: (url: string, keys: readonly PublicJwk[]) => Promise<void>,
    logger: Logger,
  ) {
    this.#fetch = fetch;
    this.#tell = tell;
    this.#logger = logger;
  }

  /** The issuers of the view are followed from now on, and no others. */
  follow({ jwtRules = [] }: HostView): void {
    const wanted = new Map<string, KeySource>();
    for (const { keys } of jwtRules.flat()) if ('url' in keys) wanted.set(keys.url, keys);
    for (const [url, { timer }] of this.#followed) {
      if (wanted.has(url)) continue;
      if (timer !== null) clearTimeout(timer);
      this.#followed.delete(url);
    }
    for (const [url, source] of wanted) {
      if (this.#followed.has(url) || this.#followed.size >= MAX_FOLLOWED) continue;
      const followed: Followed = { source, timer: null, told: '' };
      this.#followed.set(url, followed);
      void this.#refresh(followed);
    }
  }

  stop(): void {
    for (const { timer } of this.#followed.values()) if (timer !== null) clearTimeout(timer);
    this.#followed.clear();
  }

  async #refresh(followed: Followed): Promise<void> {
    const { url } = followed.source;
    let pause = REFRESH_MS;
    try {
      const keys = await this.#fetch(followed.source);
      const told = JSON.stringify(keys);
      if (told !== followed.told && this.#followed.get(url) === followed) {
        await this.#tell(url, keys);
        followed.told = told;
      }
    } catch (error) {
      pause = RETRY_MS;
      const reason = error instanceof Error ? error.message : String(error);
      const words = followed.told === '' ? 'its tokens are refused until then' : 'those of before stay in use';
      this.#logger.warn({ url, reason }, `the keys of an issuer of tokens could not be fetched: ${words}`);
    }
    if (this.#followed.get(url) !== followed) return;
    followed.timer = setTimeout(() => void this.#refresh(followed), pause);
    followed.timer.unref();
  }
}
