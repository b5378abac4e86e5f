/**
 * The part of OpenSSL that the TLS engine uses, out of the Node binary, which exports it. SSL_do_handshake calls back (see
 * tls/handshake-callbacks.ts); the others never do.
 */
import { bindSymbols } from './syscalls.ts';

/** openssl/ssl.h, openssl/tls1.h, openssl/x509_vfy.h, openssl/bio.h */
export const SSL_ERROR_SSL = 1;
export const SSL_ERROR_WANT_READ = 2;
export const SSL_ERROR_WANT_WRITE = 3;
export const SSL_ERROR_SYSCALL = 5;
export const SSL_ERROR_ZERO_RETURN = 6;
export const SSL_VERIFY_NONE = 0;
export const SSL_VERIFY_PEER = 1;
export const SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;
export const SSL_SENT_AND_RECEIVED_SHUTDOWN = 3;
export const SSL_CTRL_MODE = 33;
export const SSL_CTRL_SET_READ_AHEAD = 41;
export const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
export const SSL_CTRL_SET_TLSEXT_SERVERNAME_CB = 53;
export const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
export const SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59;
export const SSL_CTRL_CLEAR_MODE = 78;
export const SSL_CTRL_SET_MAX_CERT_LIST = 51;
export const SSL_CTRL_CHAIN_CERT = 89;
export const SSL_CTRL_SET_GROUPS_LIST = 92;
export const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
export const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
export const SSL_MODE_ENABLE_PARTIAL_WRITE = 1;
export const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2;
export const SSL_MODE_AUTO_RETRY = 4;
export const SSL_OP_NO_COMPRESSION = 1n << 17n;
export const SSL_OP_CIPHER_SERVER_PREFERENCE = 1n << 22n;
export const SSL_OP_NO_RENEGOTIATION = 1n << 30n;
export const SSL_CLIENT_HELLO_ERROR = 0;
export const SSL_CLIENT_HELLO_SUCCESS = 1;
export const SSL_TICKET_SUCCESS = 5;
export const SSL_TICKET_SUCCESS_RENEW = 6;
export const SSL_TICKET_RETURN_ABORT = 0;
export const SSL_TICKET_RETURN_IGNORE_RENEW = 2;
export const SSL_TICKET_RETURN_USE_RENEW = 4;
export const SSL_TLSEXT_ERR_OK = 0;
export const SSL_TLSEXT_ERR_ALERT_FATAL = 2;
export const SSL_TLSEXT_ERR_NOACK = 3;
export const TLS1_2_VERSION = 0x0303;
export const TLS1_3_VERSION = 0x0304;
export const TLSEXT_TYPE_ALPN = 16;
export const X509_V_ERR_CERT_HAS_EXPIRED = 10;
export const X509_V_ERR_INVALID_PURPOSE = 26;
export const X509_V_ERR_CERT_REJECTED = 28;
export const X509_V_ERR_HOSTNAME_MISMATCH = 62;
export const X509_V_FLAG_PARTIAL_CHAIN = 0x80000;
/** openssl/x509v3.h, openssl/obj_mac.h */
export const EXFLAG_CA = 0x10;
export const EXFLAG_INVALID = 0x80;
export const GEN_URI = 6;
export const NID_KEY_USAGE = 83;
export const NID_SUBJECT_ALT_NAME = 85;
export const X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS = 4;
export const X509_CHECK_FLAG_NEVER_CHECK_SUBJECT = 0x20;
export const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;
export const TICKET_KEY_BYTES = 80;
/** The most plaintext of one record (RFC 8446 5.1): a read with this much room never leaves any behind. */
export const RECORD_BYTES = 16_384;

const SIGNATURES = {
  OpenSSL_version_num: { arguments: [], return: 'u64' },
  TLS_client_method: { arguments: [], return: 'u64' },
  TLS_server_method: { arguments: [], return: 'u64' },
  SSL_CTX_new: { arguments: ['u64'], return: 'u64' },
  SSL_CTX_free: { arguments: ['u64'], return: 'void' },
  SSL_CTX_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
  SSL_CTX_callback_ctrl: { arguments: ['u64', 'i32', 'u64'], return: 'i64' },
  SSL_CTX_set_options: { arguments: ['u64', 'u64'], return: 'u64' },
  SSL_CTX_set_num_tickets: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_CTX_set_session_id_context: { arguments: ['u64', 'u64', 'u32'], return: 'i32' },
  SSL_CTX_set_client_hello_cb: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
  SSL_CTX_set_cert_verify_callback: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
  SSL_CTX_set_session_ticket_cb: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'i32' },
  SSL_CTX_set_ciphersuites: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_CTX_set_timeout: { arguments: ['u64', 'i64'], return: 'i64' },
  SSL_CTX_set_alpn_select_cb: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
  SSL_CTX_set_verify: { arguments: ['u64', 'i32', 'u64'], return: 'void' },
  SSL_CTX_set_verify_depth: { arguments: ['u64', 'i32'], return: 'void' },
  SSL_CTX_get_cert_store: { arguments: ['u64'], return: 'u64' },
  SSL_CTX_use_certificate: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_CTX_use_PrivateKey: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_CTX_check_private_key: { arguments: ['u64'], return: 'i32' },
  SSL_CTX_add_client_CA: { arguments: ['u64', 'u64'], return: 'i32' },
  X509_STORE_add_cert: { arguments: ['u64', 'u64'], return: 'i32' },
  X509_STORE_set_flags: { arguments: ['u64', 'u64'], return: 'i32' },
  X509_verify_cert: { arguments: ['u64'], return: 'i32' },
  X509_STORE_CTX_get0_cert: { arguments: ['u64'], return: 'u64' },
  X509_STORE_CTX_get0_chain: { arguments: ['u64'], return: 'u64' },
  X509_STORE_CTX_get_current_cert: { arguments: ['u64'], return: 'u64' },
  X509_STORE_CTX_get_error: { arguments: ['u64'], return: 'i32' },
  X509_STORE_CTX_set_error: { arguments: ['u64', 'i32'], return: 'void' },
  X509_get_extension_flags: { arguments: ['u64'], return: 'u32' },
  X509_get_key_usage: { arguments: ['u64'], return: 'u32' },
  X509_get_extended_key_usage: { arguments: ['u64'], return: 'u32' },
  X509_get_ext_by_NID: { arguments: ['u64', 'i32', 'i32'], return: 'i32' },
  X509_get_ext: { arguments: ['u64', 'i32'], return: 'u64' },
  X509_EXTENSION_get_critical: { arguments: ['u64'], return: 'i32' },
  X509_get_ext_d2i: { arguments: ['u64', 'i32', 'u64', 'u64'], return: 'u64' },
  GENERAL_NAME_get0_value: { arguments: ['u64', 'u64'], return: 'u64' },
  GENERAL_NAMES_free: { arguments: ['u64'], return: 'void' },
  ASN1_STRING_get0_data: { arguments: ['u64'], return: 'u64' },
  ASN1_STRING_length: { arguments: ['u64'], return: 'i32' },
  ASN1_TIME_diff: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'i32' },
  X509_free: { arguments: ['u64'], return: 'void' },
  X509_get0_notBefore: { arguments: ['u64'], return: 'u64' },
  X509_get0_notAfter: { arguments: ['u64'], return: 'u64' },
  X509_cmp_current_time: { arguments: ['u64'], return: 'i32' },
  X509_verify_cert_error_string: { arguments: ['i64'], return: 'u64' },
  i2d_X509: { arguments: ['u64', 'u64'], return: 'i32' },
  EVP_PKEY_free: { arguments: ['u64'], return: 'void' },
  PEM_read_bio_X509: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'u64' },
  PEM_read_bio_PrivateKey: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'u64' },
  OPENSSL_sk_num: { arguments: ['u64'], return: 'i32' },
  OPENSSL_sk_value: { arguments: ['u64', 'i32'], return: 'u64' },
  BIO_s_mem: { arguments: [], return: 'u64' },
  BIO_new: { arguments: ['u64'], return: 'u64' },
  BIO_new_socket: { arguments: ['i32', 'i32'], return: 'u64' },
  BIO_up_ref: { arguments: ['u64'], return: 'i32' },
  BIO_free: { arguments: ['u64'], return: 'i32' },
  BIO_write: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  BIO_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
  SSL_new: { arguments: ['u64'], return: 'u64' },
  SSL_free: { arguments: ['u64'], return: 'void' },
  SSL_free_buffers: { arguments: ['u64'], return: 'i32' },
  SSL_set_fd: { arguments: ['u64', 'i32'], return: 'i32' },
  SSL_set_bio: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
  SSL_set0_rbio: { arguments: ['u64', 'u64'], return: 'void' },
  SSL_set_connect_state: { arguments: ['u64'], return: 'void' },
  SSL_set_accept_state: { arguments: ['u64'], return: 'void' },
  SSL_do_handshake: { arguments: ['u64'], return: 'i32' },
  SSL_read: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  SSL_write: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  SSL_has_pending: { arguments: ['u64'], return: 'i32' },
  SSL_shutdown: { arguments: ['u64'], return: 'i32' },
  SSL_set_shutdown: { arguments: ['u64', 'i32'], return: 'void' },
  SSL_get_error: { arguments: ['u64', 'i32'], return: 'i32' },
  SSL_ctrl: { arguments: ['u64', 'i32', 'i64', 'u64'], return: 'i64' },
  SSL_set1_host: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_add1_host: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_set_hostflags: { arguments: ['u64', 'u32'], return: 'void' },
  SSL_set_verify: { arguments: ['u64', 'i32', 'u64'], return: 'void' },
  SSL_set_SSL_CTX: { arguments: ['u64', 'u64'], return: 'u64' },
  SSL_set_alpn_protos: { arguments: ['u64', 'u64', 'u32'], return: 'i32' },
  SSL_get0_alpn_selected: { arguments: ['u64', 'u64', 'u64'], return: 'void' },
  SSL_client_hello_get0_ext: { arguments: ['u64', 'u32', 'u64', 'u64'], return: 'i32' },
  SSL_get_servername: { arguments: ['u64', 'i32'], return: 'u64' },
  SSL_get_version: { arguments: ['u64'], return: 'u64' },
  SSL_get_verify_result: { arguments: ['u64'], return: 'i64' },
  SSL_get0_peer_certificate: { arguments: ['u64'], return: 'u64' },
  SSL_get_peer_cert_chain: { arguments: ['u64'], return: 'u64' },
  SSL_session_reused: { arguments: ['u64'], return: 'i32' },
  SSL_get1_session: { arguments: ['u64'], return: 'u64' },
  SSL_set_session: { arguments: ['u64', 'u64'], return: 'i32' },
  SSL_get_session: { arguments: ['u64'], return: 'u64' },
  SSL_SESSION_free: { arguments: ['u64'], return: 'void' },
  SSL_SESSION_is_resumable: { arguments: ['u64'], return: 'i32' },
  SSL_SESSION_get_time: { arguments: ['u64'], return: 'i64' },
  SSL_SESSION_get_timeout: { arguments: ['u64'], return: 'i64' },
  SSL_SESSION_set_timeout: { arguments: ['u64', 'i64'], return: 'i64' },
  SSL_SESSION_get0_peer: { arguments: ['u64'], return: 'u64' },
  ERR_get_error: { arguments: [], return: 'u64' },
  ERR_clear_error: { arguments: [], return: 'void' },
  ERR_reason_error_string: { arguments: ['u64'], return: 'u64' },
} as const;

type BoundCalls = ReturnType<typeof bindLibssl>;

/** The calls as plain functions, so that a test can stand in front of each. */
export type LibSsl = {
  readonly [K in keyof BoundCalls]: BoundCalls[K] extends (...args: infer A) => infer R ? (...args: A) => R : never;
};

/**
 * Resolves every function.
 * @throws Error naming the first one that this Node lacks
 */
export function bindLibssl() {
  return bindSymbols(SIGNATURES);
}
