/** Envoy's bootstrap: a listener and a cluster for each kind of work. Pure. */
import { listenPort, statusPort } from '../place/addresses.ts';
import { TLS_HOST } from '../place/certificate.ts';
import { UPSTREAM_ADDRESS, UPSTREAM_PORTS } from '../place/upstream.ts';
import { WORKS, type Work } from '../rows.ts';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';
/** Beyond the default of 1024, so that no circuit breaker opens while memory is measured. */
const MANY = 20_000;

export function envoyConfig(authorityFile: string): object {
  return {
    admin: { address: socketAddress('127.0.0.1', statusPort('envoy')) },
    static_resources: {
      listeners: WORKS.map(listener),
      clusters: WORKS.map((work) => cluster(work, authorityFile)),
    },
  };
}

function listener(work: Work): object {
  return {
    name: work,
    address: socketAddress('127.0.0.1', listenPort('envoy', work)),
    tcp_backlog_size: 4096,
    filter_chains: [{ filters: [isTcp(work) ? tcpProxy(work) : connectionManager(work)] }],
  };
}

function tcpProxy(work: Work): object {
  return {
    name: 'tcp',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: work,
      cluster: work,
    },
  };
}

/** It adds a request id where there is none, as it comes. */
function connectionManager(work: Work): object {
  const route = { match: { prefix: '/' }, route: { cluster: work, timeout: '0s' } };
  return {
    name: 'http',
    typed_config: {
      '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: work,
      codec_type: isHttp2(work) ? 'HTTP2' : 'HTTP1',
      route_config: { virtual_hosts: [{ name: work, domains: ['*'], routes: [route] }] },
      http_filters: [{ name: 'router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } }],
    },
  };
}

function cluster(work: Work, authorityFile: string): object {
  const protocol = isHttp2(work) ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  const http = {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: protocol,
    },
  };
  const address = socketAddress(UPSTREAM_ADDRESS, UPSTREAM_PORTS[work]);
  return {
    name: work,
    type: 'STATIC',
    load_assignment: { cluster_name: work, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    circuit_breakers: { thresholds: [{ max_connections: MANY, max_pending_requests: MANY, max_requests: MANY }] },
    ...(isTcp(work) ? {} : { typed_extension_protocol_options: http }),
    ...(work === 'tls' ? { transport_socket: upstreamTls(authorityFile) } : {}),
  };
}

function upstreamTls(authorityFile: string): object {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext`,
      sni: TLS_HOST,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        validation_context: {
          trusted_ca: { filename: authorityFile },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: TLS_HOST } }],
        },
      },
    },
  };
}

function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

function isTcp(work: Work): boolean {
  return work === 'tcp' || work === 'bulk';
}

function isHttp2(work: Work): boolean {
  return work === 'http2' || work === 'grpc';
}
