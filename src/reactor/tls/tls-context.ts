/**
 * What many connections of one role share: certificates, key, trust, protocols. A context is never changed: a new one takes its
 * place for new connections, and OpenSSL keeps the old one for those that began with it.
 */
import { createHash } from 'node:crypto';
import * as ssl from '../libssl.ts';
import { encodeProtocols } from './alpn.ts';
import { forEachCertificate, TlsSettingsError, withPrivateKey } from './load-pem.ts';
import { SessionCache } from './session-cache.ts';
import { takeFailure } from './tls-errors.ts';
import type { TlsLibrary } from './tls-library.ts';

/** Certificates between a leaf and a trusted one. */
const MAX_DEPTH = 8;
const SESSION_CACHE_OFF = 0n;
const PARTIAL_CHAIN = BigInt(ssl.X509_V_FLAG_PARTIAL_CHAIN);
const MODES = ssl.SSL_MODE_ENABLE_PARTIAL_WRITE | ssl.SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;

/** PEM text: the certificate, followed by those between it and the authority, and its private key. */
export interface TlsIdentity {
  readonly certificates: Uint8Array;
  readonly key: Uint8Array;
}

export interface ClientSettings {
  /** PEM text: a chain that ends in one of these certificates is accepted. */
  readonly trusted: Uint8Array;
  /** Shown to servers that ask; null = none. */
  readonly identity: TlsIdentity | null;
}

export interface ClientTrust {
  /** PEM text: a chain that ends in one of these certificates is accepted. */
  readonly trusted: Uint8Array;
  /** Without one the handshake fails. */
  readonly required: boolean;
  /** Clients are told the names of these authorities. */
  readonly announced: boolean;
}

export interface ServerSettings {
  readonly identity: TlsIdentity;
  /** Certificates asked of clients; null = none. */
  readonly clients: ClientTrust | null;
  /** ALPN protocols spoken, by preference; [] = ALPN is not answered. */
  readonly protocols: readonly string[];
  /** TICKET_KEY_BYTES shared by contexts among which sessions may be resumed; null = this context alone. */
  readonly ticketKeys: Uint8Array | null;
}

abstract class TlsContext {
  readonly library: TlsLibrary;
  readonly #place: number;
  #closed = false;

  /** @throws TlsSettingsError when OpenSSL or the table has no room */
  constructor(library: TlsLibrary, method: bigint) {
    const { lib } = library;
    this.library = library;
    const pointer = lib.SSL_CTX_new(method);
    this.#place = pointer === 0n ? -1 : library.natives.keep('context', pointer);
    if (this.#place < 0) {
      lib.SSL_CTX_free(pointer);
      throw new TlsSettingsError('too many TLS contexts are in use');
    }
    lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_MODE, BigInt(MODES), 0n);
    // One system call for each message instead of two for each record.
    lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_SET_READ_AHEAD, 1n, 0n);
    // Otherwise one SSL_read could work through messages without end that carry no data (key updates, tickets).
    lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_CLEAR_MODE, BigInt(ssl.SSL_MODE_AUTO_RETRY), 0n);
    lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_SET_MIN_PROTO_VERSION, BigInt(ssl.TLS1_2_VERSION), 0n);
    lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_SET_MAX_PROTO_VERSION, BigInt(ssl.TLS1_3_VERSION), 0n);
    lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_SET_SESS_CACHE_MODE, SESSION_CACHE_OFF, 0n);
    const options = ssl.SSL_OP_NO_RENEGOTIATION | ssl.SSL_OP_NO_COMPRESSION | ssl.SSL_OP_CIPHER_SERVER_PREFERENCE;
    lib.SSL_CTX_set_options(pointer, options);
    lib.SSL_CTX_set_verify_depth(pointer, MAX_DEPTH);
  }

  /** Address of the SSL_CTX; 0n once closed. */
  get pointer(): bigint {
    return this.#closed ? 0n : this.library.natives.at(this.#place);
  }

  /** Lets go of it. OpenSSL frees it with its last connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.library.lib.SSL_CTX_free(this.library.natives.release(this.#place));
  }

  protected use(identity: TlsIdentity): void {
    const { library, pointer } = this;
    const { lib } = library;
    forEachCertificate(library, identity.certificates, 'the certificates', (x509, index) => {
      const accepted =
        index === 0
          ? lib.SSL_CTX_use_certificate(pointer, x509)
          : Number(lib.SSL_CTX_ctrl(pointer, ssl.SSL_CTRL_CHAIN_CERT, 1n, x509));
      if (accepted !== 1) throw new TlsSettingsError(`the certificate is refused: ${takeFailure(lib).sentence}`);
    });
    withPrivateKey(library, identity.key, (key) => {
      const used = lib.SSL_CTX_use_PrivateKey(pointer, key) === 1 && lib.SSL_CTX_check_private_key(pointer) === 1;
      lib.ERR_clear_error();
      if (!used) throw new TlsSettingsError('the private key does not belong to the certificate');
    });
  }

  /** @param announce names them to clients as well */
  protected trust(pem: Uint8Array, mode: number, announce: boolean): void {
    const { library, pointer } = this;
    const { lib } = library;
    const store = lib.SSL_CTX_get_cert_store(pointer);
    forEachCertificate(library, pem, 'the trusted certificates', (x509) => {
      lib.X509_STORE_add_cert(store, x509);
      if (announce) lib.SSL_CTX_add_client_CA(pointer, x509);
    });
    // What is configured is trusted, whether it signed itself or not.
    lib.X509_STORE_set_flags(store, PARTIAL_CHAIN);
    lib.SSL_CTX_set_verify(pointer, mode, 0n);
    lib.ERR_clear_error();
  }

  /** Runs the rest of a constructor: what fails there leaves nothing behind. */
  protected orClose(setUp: () => void): void {
    try {
      setUp();
    } catch (error) {
      this.close();
      throw error;
    }
  }
}

/** For connections that we dial. */
export class TlsClientContext extends TlsContext {
  readonly sessions: SessionCache;

  /** @throws TlsSettingsError */
  constructor(library: TlsLibrary, settings: ClientSettings) {
    super(library, library.lib.TLS_client_method());
    this.sessions = new SessionCache(library);
    this.orClose(() => {
      this.trust(settings.trusted, ssl.SSL_VERIFY_PEER, false);
      if (settings.identity !== null) this.use(settings.identity);
    });
  }

  override close(): void {
    this.sessions.clear();
    super.close();
  }
}

/** For connections that we accept. */
export class TlsServerContext extends TlsContext {
  readonly protocols: readonly string[];
  /** SSL_VERIFY_* for clients. */
  readonly verifyMode: number;

  /** @throws TlsSettingsError; RangeError for a protocol name that cannot be */
  constructor(library: TlsLibrary, settings: ServerSettings) {
    super(library, library.lib.TLS_server_method());
    const { clients } = settings;
    this.protocols = settings.protocols;
    this.verifyMode =
      clients === null
        ? ssl.SSL_VERIFY_NONE
        : ssl.SSL_VERIFY_PEER | (clients.required ? ssl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    this.orClose(() => {
      encodeProtocols(settings.protocols);
      this.use(settings.identity);
      if (clients !== null) this.trust(clients.trusted, this.verifyMode, clients.announced);
      this.#setCallbacks();
      this.#setSessions(settings);
    });
  }

  #setCallbacks(): void {
    const { pointer } = this;
    const { lib, callbacks } = this.library;
    lib.SSL_CTX_callback_ctrl(pointer, ssl.SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, callbacks.serverNamePointer);
    lib.SSL_CTX_set_alpn_select_cb(pointer, callbacks.alpnPointer, 0n);
  }

  /** Stateless tickets. A session is resumed only where the same authorities are trusted as when it began. */
  #setSessions({ clients, ticketKeys }: ServerSettings): void {
    const { library, pointer } = this;
    const { lib } = library;
    lib.SSL_CTX_set_num_tickets(pointer, 1n);
    const scope = createHash('sha256')
      .update(clients?.trusted ?? '')
      .digest();
    lib.SSL_CTX_set_session_id_context(pointer, library.bytesPointer(scope), scope.length);
    if (ticketKeys === null) return;
    if (ticketKeys.length !== ssl.TICKET_KEY_BYTES) {
      throw new TlsSettingsError(`ticket keys are ${ssl.TICKET_KEY_BYTES} bytes, not ${ticketKeys.length}`);
    }
    const { SSL_CTRL_SET_TLSEXT_TICKET_KEYS } = ssl;
    lib.SSL_CTX_ctrl(
      pointer,
      SSL_CTRL_SET_TLSEXT_TICKET_KEYS,
      BigInt(ticketKeys.length),
      library.bytesPointer(ticketKeys),
    );
    library.slab.bytes.fill(0, library.scratch, library.scratch + ticketKeys.length);
  }
}
