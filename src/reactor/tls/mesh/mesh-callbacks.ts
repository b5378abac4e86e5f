/**
 * What OpenSSL asks in the middle of a handshake of the mesh: whether to go on with this ClientHello, whether the peer is who it
 * must be, whether a ticket still counts. All are called inside SSL_do_handshake, on this thread, and must not throw.
 */
import {
  SSL_CLIENT_HELLO_ERROR,
  SSL_CLIENT_HELLO_SUCCESS,
  SSL_TICKET_RETURN_ABORT,
  SSL_TICKET_RETURN_IGNORE_RENEW,
  SSL_TICKET_RETURN_USE_RENEW,
  SSL_TICKET_SUCCESS,
  SSL_TICKET_SUCCESS_RENEW,
  X509_V_ERR_CERT_REJECTED,
} from '../../libssl.ts';
import { registerCallback, storeInt } from '../../syscalls.ts';
import type { Negotiator } from '../handshake-callbacks.ts';
import type { TlsLibrary } from '../tls-library.ts';

/** RFC 8446 6.2 */
export const ALERT_INTERNAL_ERROR = 80;

/** The connection of the mesh that is shaking hands. */
export interface MeshNegotiator extends Negotiator {
  /** 0 = go on; otherwise the alert with which the handshake ends. */
  judgeHello(): number;
  /** @param store X509_STORE_CTX * @returns 0 = the peer is who it must be; otherwise X509_V_ERR_*, from which OpenSSL takes the alert */
  verifyPeer(store: bigint): number;
  /** @param session SSL_SESSION * of the ticket. False: a full handshake takes its place. */
  acceptTicket(session: bigint): boolean;
  /** A ticket of this session is about to be made. */
  limitTicket(session: bigint): void;
}

export class MeshCallbacks {
  /** int (*)(SSL *, int *alert, void *) */
  readonly helloPointer: bigint;
  /** int (*)(X509_STORE_CTX *, void *) */
  readonly verifyPointer: bigint;
  /** SSL_TICKET_RETURN (*)(SSL *, SSL_SESSION *, const uint8_t *name, size_t, SSL_TICKET_STATUS, void *) */
  readonly ticketPointer: bigint;
  /** int (*)(SSL *, void *) */
  readonly newTicketPointer: bigint;
  readonly #library: TlsLibrary;

  constructor(library: TlsLibrary) {
    this.#library = library;
    this.helloPointer = registerCallback(
      { arguments: ['u64', 'u64', 'u64'], return: 'i32' },
      (_ssl: bigint, alert: bigint) => guarded(SSL_CLIENT_HELLO_ERROR, () => this.#judgeHello(alert)),
    );
    this.verifyPointer = registerCallback({ arguments: ['u64', 'u64'], return: 'i32' }, (store: bigint) =>
      guarded(0, () => this.#verifyPeer(store)),
    );
    this.ticketPointer = registerCallback(
      { arguments: ['u64', 'u64', 'u64', 'u64', 'i32', 'u64'], return: 'i32' },
      (_ssl: bigint, session: bigint, _name: bigint, _length: bigint, status: number) =>
        guarded(SSL_TICKET_RETURN_ABORT, () => this.#judgeTicket(session, status)),
    );
    this.newTicketPointer = registerCallback({ arguments: ['u64', 'u64'], return: 'i32' }, (ssl: bigint) =>
      guarded(0, () => this.#limitTicket(ssl)),
    );
  }

  #limitTicket(ssl: bigint): number {
    this.#current()?.limitTicket(this.#library.lib.SSL_get_session(ssl));
    return 1;
  }

  #judgeHello(alert: bigint): number {
    const verdict = this.#current()?.judgeHello() ?? ALERT_INTERNAL_ERROR;
    if (verdict === 0) return SSL_CLIENT_HELLO_SUCCESS;
    storeInt(alert, verdict);
    return SSL_CLIENT_HELLO_ERROR;
  }

  #verifyPeer(store: bigint): number {
    const { lib } = this.#library;
    // Whatever happens below, the result must not stay at "no error".
    const code = guarded(
      X509_V_ERR_CERT_REJECTED,
      () => this.#current()?.verifyPeer(store) ?? X509_V_ERR_CERT_REJECTED,
    );
    if (code === 0) return 1;
    lib.X509_STORE_CTX_set_error(store, code);
    return 0;
  }

  #judgeTicket(session: bigint, status: number): number {
    const opened = status === SSL_TICKET_SUCCESS || status === SSL_TICKET_SUCCESS_RENEW;
    const accepted = opened && (this.#current()?.acceptTicket(session) ?? false);
    return accepted ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_IGNORE_RENEW;
  }

  #current(): MeshNegotiator | null {
    const { current } = this.#library.callbacks;
    return current !== null && 'verifyPeer' in current ? (current as MeshNegotiator) : null;
  }
}

function guarded(otherwise: number, decide: () => number): number {
  try {
    return decide();
  } catch {
    return otherwise;
  }
}
