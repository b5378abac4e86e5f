/** HELP, TYPE and labels of the metrics whose names OpenTelemetry and Istio have given. */
import { counter, histogram, type MetricDescription } from './metric.ts';

/** Other names for what the data threads count. */
export const OPENTELEMETRY: Readonly<Record<string, MetricDescription>> = {
  http_server_request_duration_seconds: histogram(
    'Time from the head of a request of HTTP to a workload of this host to the end of its response (OpenTelemetry http.server.request.duration).',
    [
      'server_address',
      'http_request_method',
      'http_response_status_code',
      'error_type',
      'url_scheme',
      'network_protocol_name',
      'network_protocol_version',
    ],
  ),
  http_client_request_duration_seconds: histogram(
    'The same of requests that programs of this host send (OpenTelemetry http.client.request.duration).',
    [
      'server_address',
      'server_port',
      'http_route',
      'towpath_backend',
      'http_request_method',
      'http_response_status_code',
      'error_type',
      'url_scheme',
      'network_protocol_name',
      'network_protocol_version',
    ],
  ),
  rpc_server_call_duration_seconds: histogram(
    'Time of gRPC calls to a workload of this host (OpenTelemetry rpc.server.call.duration).',
    ['server_address', 'rpc_system_name', 'rpc_response_status_code', 'error_type'],
  ),
  rpc_client_call_duration_seconds: histogram(
    'The same of calls that programs of this host make (OpenTelemetry rpc.client.call.duration).',
    [
      'server_address',
      'server_port',
      'http_route',
      'towpath_backend',
      'rpc_system_name',
      'rpc_response_status_code',
      'error_type',
    ],
  ),
};

const ISTIO_PARTIES = [
  'reporter',
  'source_workload',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_canonical_service',
  'source_canonical_revision',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_cluster',
  'destination_service',
  'destination_service_name',
  'destination_service_namespace',
  'connection_security_policy',
  'request_protocol',
  'response_flags',
];
const ISTIO_REQUEST = [...ISTIO_PARTIES, 'response_code', 'grpc_response_status'];

/** With `metrics.istio` only. */
export const ISTIO: Readonly<Record<string, MetricDescription>> = {
  istio_requests_total: counter('HTTP and gRPC requests (Istio).', ISTIO_REQUEST),
  istio_request_duration_milliseconds: histogram('Duration of requests in ms (Istio).', ISTIO_REQUEST),
  istio_request_bytes: histogram('Size of requests (Istio).', ISTIO_REQUEST),
  istio_response_bytes: histogram('Size of responses (Istio).', ISTIO_REQUEST),
  istio_tcp_connections_opened_total: counter('Connections that are not HTTP (Istio).', ISTIO_PARTIES),
  istio_tcp_connections_closed_total: counter('Connections that are not HTTP and have ended (Istio).', ISTIO_PARTIES),
  istio_tcp_received_bytes_total: counter(
    'Bytes from the clients of connections that are not HTTP (Istio).',
    ISTIO_PARTIES,
  ),
  istio_tcp_sent_bytes_total: counter('Bytes to the clients of connections that are not HTTP (Istio).', ISTIO_PARTIES),
};
