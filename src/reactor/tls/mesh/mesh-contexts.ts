/** Contexts for connections between agents: both ends are ours, so only the best is spoken (TLS 1.3), and both must show who they are. */
import { hkdfSync } from 'node:crypto';
import * as openssl from '../../libssl.ts';
import { TlsSettingsError } from '../load-pem.ts';
import { TlsClientContext, type TlsIdentity, TlsServerContext } from '../tls-context.ts';
import { takeFailure } from '../tls-errors.ts';
import type { TlsLibrary } from '../tls-library.ts';
import type { MeshCallbacks } from './mesh-callbacks.ts';
import { MESH_PROTOCOLS } from './mesh-protocols.ts';
import { TICKET_SECONDS } from './mesh-role.ts';

/** Authorities between a leaf and its root. */
const MAX_INTERMEDIATES = 4;
/** Bytes of certificates that a peer may show. */
const MAX_CHAIN_BYTES = 32_768n;
/** The cheapest first (a hop is paid for on each request); all are safe. */
const CIPHER_SUITES = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
/** Without the hybrid X25519MLKEM768, OpenSSL's first choice, which costs a server 60 to 80 us more for each handshake. */
const GROUPS = 'X25519:P-256:P-384';

/** The same settings at both ends. @throws TlsSettingsError when OpenSSL does not know them */
function harden(library: TlsLibrary, callbacks: MeshCallbacks, pointer: bigint): void {
  const { lib } = library;
  const done = [
    lib.SSL_CTX_ctrl(pointer, openssl.SSL_CTRL_SET_MIN_PROTO_VERSION, BigInt(openssl.TLS1_3_VERSION), 0n),
    lib.SSL_CTX_ctrl(pointer, openssl.SSL_CTRL_SET_GROUPS_LIST, 0n, library.textPointer(GROUPS)),
    lib.SSL_CTX_set_ciphersuites(pointer, library.textPointer(CIPHER_SUITES)),
  ];
  if (done.some((result) => Number(result) !== 1)) throw new TlsSettingsError(takeFailure(lib).sentence);
  lib.SSL_CTX_ctrl(pointer, openssl.SSL_CTRL_SET_MAX_CERT_LIST, MAX_CHAIN_BYTES, 0n);
  lib.SSL_CTX_set_verify_depth(pointer, MAX_INTERMEDIATES);
  lib.SSL_CTX_set_cert_verify_callback(pointer, callbacks.verifyPointer, 0n);
}

/** For connections to other agents. */
export class MeshClientContext extends TlsClientContext {
  /** @param roots PEM @throws TlsSettingsError */
  constructor(library: TlsLibrary, callbacks: MeshCallbacks, identity: TlsIdentity, roots: Uint8Array) {
    super(library, { trusted: roots, identity });
    this.orClose(() => harden(library, callbacks, this.pointer));
  }
}

/** For connections of other agents. */
export class MeshServerContext extends TlsServerContext {
  /** @param roots PEM @throws TlsSettingsError */
  constructor(library: TlsLibrary, callbacks: MeshCallbacks, identity: TlsIdentity, roots: Uint8Array) {
    const ticketKeys = deriveTicketKeys(identity, roots);
    const clients = { trusted: roots, required: true, announced: false };
    super(library, { identity, clients, protocols: MESH_PROTOCOLS, ticketKeys });
    ticketKeys.fill(0);
    this.orClose(() => {
      const { lib } = library;
      const { helloPointer, newTicketPointer, ticketPointer } = callbacks;
      harden(library, callbacks, this.pointer);
      lib.SSL_CTX_callback_ctrl(this.pointer, openssl.SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, 0n);
      lib.SSL_CTX_set_client_hello_cb(this.pointer, helloPointer, 0n);
      lib.SSL_CTX_set_session_ticket_cb(this.pointer, newTicketPointer, ticketPointer, 0n);
      lib.SSL_CTX_set_timeout(this.pointer, BigInt(TICKET_SECONDS));
    });
  }
}

/**
 * Ticket keys out of the private key, so that all data threads of a host open each other's tickets, and none outlives the
 * certificate or the roots under which it was given. Keys of what was said stay out of reach of them (psk_dhe_ke).
 */
function deriveTicketKeys({ certificates, key }: TlsIdentity, roots: Uint8Array): Buffer {
  const salt = Buffer.concat([certificates, roots]);
  return Buffer.from(hkdfSync('sha256', key, salt, 'towpath mesh tickets', openssl.TICKET_KEY_BYTES));
}
