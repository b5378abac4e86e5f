/**
 * HAProxy and Envoy as pairs of sidecars that do what two agents do: the caller's one takes plain HTTP/1.1 and speaks mutual TLS 1.3 with the
 * callee's, which verifies the certificate and passes plain HTTP/1.1 on. Pure.
 */
import { PEER_NAME, type PeerCertificates } from './certificates.ts';

/** Where the caller's proxy listens. */
export const CALLER_PORT = 8000;
/** Where the callee's proxy listens. */
export const CALLEE_PORT = 8443;
/** What a program dials at the callee's address: redirected to the proxy of its own host. */
export const DIALLED_PORT = 81;
/** Where the caller's proxy dials the callee: redirected there to its proxy. */
export const WIRE_PORT = 80;
/** The program behind the callee. */
export const PROGRAM_PORT = 8080;

/** As programs of a lab's topology. */
export interface PeerProgram {
  readonly name: string;
  readonly command: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly ready: { readonly port: number };
}

const pem = ({ authority, leaf, key }: PeerCertificates): Record<string, string> => ({
  'ca.crt': authority,
  'leaf.crt': leaf,
  'leaf.key': key,
  'leaf.pem': `${leaf}${key}`,
});

/** @param callee address of the callee's host; null: this is the callee */
export function haproxyPeer(certificates: PeerCertificates, callee: string | null): PeerProgram {
  const suites = 'ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256';
  const bind =
    callee === null
      ? `*:${CALLEE_PORT} ssl crt leaf.pem ca-file ca.crt verify required ${suites}`
      : `127.0.0.1:${CALLER_PORT}`;
  const server =
    callee === null
      ? `127.0.0.1:${PROGRAM_PORT}`
      : `${callee}:${WIRE_PORT} ssl crt leaf.pem ca-file ca.crt verify required verifyhost ${PEER_NAME} sni str(${PEER_NAME}) ${suites}`;
  const config = `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
listen hop
  bind ${bind}
  http-reuse always
  http-request set-header x-request-id %[uuid] unless { req.hdr(x-request-id) -m found }
  server next ${server}
`;
  return {
    name: 'proxy',
    command: ['haproxy', '-db', '-f', 'haproxy.cfg'],
    files: { ...pem(certificates), 'haproxy.cfg': config },
    ready: { port: callee === null ? CALLEE_PORT : CALLER_PORT },
  };
}

/** As the agents are: what is dialled comes to the proxies by rules of the kernel, which cost the same for all. */
export function redirectRules(callee: string): {
  readonly caller: readonly string[];
  readonly callee: readonly string[];
} {
  const rule = (chain: string, where: readonly string[], from: number, to: number): string[] => {
    const words = [
      '-A',
      chain,
      '-p',
      'tcp',
      ...where,
      '--dport',
      String(from),
      '-j',
      'REDIRECT',
      '--to-ports',
      String(to),
    ];
    return ['iptables', '-w', '-t', 'nat', ...words];
  };
  return {
    caller: rule('OUTPUT', ['-d', callee], DIALLED_PORT, CALLER_PORT),
    callee: rule('PREROUTING', [], WIRE_PORT, CALLEE_PORT),
  };
}

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
const TLS = `${EXTENSIONS}.transport_sockets.tls.v3`;

/** @param callee address of the callee's host; null: this is the callee */
export function envoyPeer(certificates: PeerCertificates, callee: string | null): PeerProgram {
  const listens = callee === null ? address('0.0.0.0', CALLEE_PORT) : address('127.0.0.1', CALLER_PORT);
  const next = callee === null ? address('127.0.0.1', PROGRAM_PORT) : address(callee, WIRE_PORT);
  const chain = { filters: [connectionManager()], ...(callee === null && { transport_socket: downstreamTls() }) };
  const cluster = {
    name: 'next',
    type: 'STATIC',
    load_assignment: { cluster_name: 'next', endpoints: [{ lb_endpoints: [{ endpoint: { address: next } }] }] },
    ...(callee !== null && { transport_socket: upstreamTls() }),
  };
  const listener = { name: 'hop', address: listens, tcp_backlog_size: 4096, filter_chains: [chain] };
  return {
    name: 'proxy',
    command: ['envoy', '-c', 'envoy.json', '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'],
    files: {
      ...pem(certificates),
      'envoy.json': JSON.stringify({ static_resources: { listeners: [listener], clusters: [cluster] } }, null, 1),
    },
    ready: { port: callee === null ? CALLEE_PORT : CALLER_PORT },
  };
}

function connectionManager(): object {
  const route = { match: { prefix: '/' }, route: { cluster: 'next', timeout: '0s' } };
  return {
    name: 'http',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'hop',
      codec_type: 'HTTP1',
      route_config: { virtual_hosts: [{ name: 'hop', domains: ['*'], routes: [route] }] },
      http_filters: [{ name: 'router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } }],
    },
  };
}

function commonTls(): object {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    tls_certificates: [{ certificate_chain: { filename: 'leaf.crt' }, private_key: { filename: 'leaf.key' } }],
    validation_context: {
      trusted_ca: { filename: 'ca.crt' },
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: PEER_NAME } }],
    },
  };
}

function downstreamTls(): object {
  const typed = { '@type': `${TLS}.DownstreamTlsContext`, require_client_certificate: true };
  return { name: 'tls', typed_config: { ...typed, common_tls_context: commonTls() } };
}

function upstreamTls(): object {
  const typed = { '@type': `${TLS}.UpstreamTlsContext`, sni: PEER_NAME };
  return { name: 'tls', typed_config: { ...typed, common_tls_context: commonTls() } };
}

function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}
