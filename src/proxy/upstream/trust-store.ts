import { NO_SYSTEM_BUNDLE, readSystemBundle } from '../../config/system-bundle.ts';
import type { UpstreamTlsView } from '../../contract/views.ts';
import { SlabExhausted } from '../../reactor/slab.ts';
import { TlsSettingsError } from '../../reactor/tls/load-pem.ts';
import { TlsClientContext } from '../../reactor/tls/tls-context.ts';
import type { TlsLibrary } from '../../reactor/tls/tls-library.ts';

type Trusted = UpstreamTlsView['trusted'];

interface Entry {
  readonly key: string;
  users: number;
}

/** Contexts by the authorities that they trust: those of the system alone are more than a hundred, and read once. */
export class TrustStore {
  readonly #byKey = new Map<string, TlsClientContext>();
  readonly #entries = new Map<TlsClientContext, Entry>();

  /** The context, or a sentence that says why there is none. */
  take(library: TlsLibrary, trusted: Trusted): TlsClientContext | string {
    if (trusted.type === 'unusable') return trusted.sentence;
    const key = trusted.type === 'system' ? '' : trusted.pem;
    const known = this.#byKey.get(key);
    const entry = known === undefined ? undefined : this.#entries.get(known);
    if (known !== undefined && entry !== undefined) {
      entry.users++;
      return known;
    }
    const pem = trusted.type === 'system' ? readSystemBundle() : Buffer.from(trusted.pem);
    if (pem === null) return NO_SYSTEM_BUNDLE;
    try {
      const context = new TlsClientContext(library, { trusted: pem, identity: null });
      this.#byKey.set(key, context);
      this.#entries.set(context, { key, users: 1 });
      return context;
    } catch (error) {
      if (error instanceof TlsSettingsError) return error.message;
      if (error instanceof SlabExhausted) return 'no buffer is left to read its certificates';
      throw error;
    }
  }

  giveBack(context: TlsClientContext): void {
    const entry = this.#entries.get(context);
    if (entry === undefined || --entry.users > 0) return;
    this.#entries.delete(context);
    this.#byKey.delete(entry.key);
    context.close();
  }
}
