/**
 * The two things that OpenSSL asks a server in the middle of a handshake: which context for this name, which protocol of those
 * offered. Both are called inside SSL_do_handshake, on this thread, and must not throw.
 */
import { type LibSsl, SSL_TLSEXT_ERR_ALERT_FATAL, SSL_TLSEXT_ERR_NOACK, SSL_TLSEXT_ERR_OK } from '../libssl.ts';
import { copyBytes, copyText, registerCallback, storeByte, storePointer } from '../syscalls.ts';
import { selectProtocol } from './alpn.ts';

/** The connection that is shaking hands. */
export interface Negotiator {
  /** Protocols spoken, by preference; [] = ALPN is not answered. */
  readonly protocols: readonly string[];
  /** Changes to the context for this name. False: there is none. */
  chooseContext(serverName: string | null): boolean;
}

export class HandshakeCallbacks {
  /** int (*)(SSL *, int *alert, void *) */
  readonly serverNamePointer: bigint;
  /** int (*)(SSL *, const uint8_t **out, uint8_t *outlen, const uint8_t *in, unsigned inlen, void *) */
  readonly alpnPointer: bigint;
  /** Whose SSL_do_handshake runs. */
  current: Negotiator | null = null;
  readonly #lib: LibSsl;

  constructor(lib: LibSsl) {
    this.#lib = lib;
    this.serverNamePointer = registerCallback({ arguments: ['u64', 'u64', 'u64'], return: 'i32' }, (ssl: bigint) =>
      guarded(() => this.#chooseContext(ssl)),
    );
    this.alpnPointer = registerCallback(
      { arguments: ['u64', 'u64', 'u64', 'u64', 'u32', 'u64'], return: 'i32' },
      (_ssl: bigint, out: bigint, outLength: bigint, offered: bigint, length: number) =>
        guarded(() => this.#selectProtocol(out, outLength, offered, length)),
    );
  }

  #chooseContext(ssl: bigint): number {
    const name = copyText(this.#lib.SSL_get_servername(ssl, 0));
    const chosen = this.current?.chooseContext(name === '' ? null : name.toLowerCase()) ?? false;
    return chosen ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  /** No common protocol ends the handshake with the alert no_application_protocol (RFC 7301 3.2). */
  #selectProtocol(out: bigint, outLength: bigint, offered: bigint, length: number): number {
    const spoken = this.current?.protocols ?? [];
    if (spoken.length === 0) return SSL_TLSEXT_ERR_NOACK;
    const chosen = selectProtocol(spoken, copyBytes(offered, length));
    if (chosen === null) return SSL_TLSEXT_ERR_ALERT_FATAL;
    storePointer(out, offered + BigInt(chosen.at));
    storeByte(outLength, chosen.length);
    return SSL_TLSEXT_ERR_OK;
  }
}

function guarded(decide: () => number): number {
  try {
    return decide();
  } catch {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
}
