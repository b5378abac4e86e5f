/** HELP, TYPE and labels of every metric of an agent, in one table that tests compare with what the agent really emits. */
import { counter, gauge, histogram, type MetricDescription, summary } from './metric.ts';
import { ISTIO, OPENTELEMETRY } from './standard-descriptions.ts';

/** What the data threads count. */
const TRAFFIC: Readonly<Record<string, MetricDescription>> = {
  towpath_connections_opened_total: counter('Connections captured, by side.', ['side']),
  towpath_connections_closed_total: counter('Captured connections that ended, by verdict, ending and service.', [
    'side',
    'verdict',
    'ending',
    'service',
  ]),
  towpath_connections_relayed_total: counter(
    'Captured connections passed on as bytes, by verdict and service; seen within 10 s.',
    ['side', 'verdict', 'service'],
  ),
  towpath_connection_received_bytes_total: counter('Bytes received from the clients of captured connections.', [
    'side',
    'verdict',
    'service',
  ]),
  towpath_connection_sent_bytes_total: counter('Bytes sent to the clients of captured connections.', [
    'side',
    'verdict',
    'service',
  ]),
  towpath_connections_shed_total: counter('Connections that could not be accepted, by errno.', ['side', 'errno']),
  towpath_tls_handshakes_total: counter(
    'TLS handshakes that were completed, by side and whether a session was resumed.',
    ['side', 'resumed'],
  ),
  towpath_tls_failures_total: counter(
    'TLS connections that failed, by side and reason: each rule for certificates has its own.',
    ['side', 'reason'],
  ),
  towpath_inbound_mtls_total: counter(
    'Connections that arrived while this host takes part in mutual TLS or a PeerAuthentication counts, by workload, mode, connection security policy, result and reason.',
    ['workload', 'mode', 'connection_security_policy', 'result', 'reason'],
  ),
  towpath_rate_limit_requests_total: counter(
    'Requests that a rate limit counts, by policy, service, caller and result.',
    ['policy', 'service', 'caller', 'result'],
  ),
  towpath_inbound_mtls_ended_total: counter(
    'Connections without mutual TLS that were reset since a PeerAuthentication has become STRICT, by workload.',
    ['workload'],
  ),
  towpath_authorization_total: counter(
    'Requests and connections to workloads with policies, by what was decided and the policy that matched.',
    ['workload', 'decision', 'policy'],
  ),
  towpath_authorization_noted_total: counter(
    'What AUDIT policies matched, and what policies that are tried out would have decided.',
    ['workload', 'policy', 'action', 'result'],
  ),
  towpath_authorization_ended_total: counter('Connections that ended because a changed policy forbids them.', [
    'workload',
  ]),
  towpath_jwt_refused_total: counter('Requests answered 401 because their token is not good, by reason.', [
    'workload',
    'reason',
  ]),
  towpath_verdicts_total: counter('What sniffing decided for captured connections, and why.', [
    'side',
    'verdict',
    'reason',
  ]),
  towpath_requests_total: counter(
    'HTTP requests, by service, route, endpoint, protocol, status code, response flag and gRPC status.',
    ['side', 'service', 'route', 'endpoint', 'protocol', 'code', 'flags', 'grpc_status'],
  ),
  towpath_request_duration_seconds: histogram('Time from the head of a request to the end of its response.', [
    'side',
    'service',
  ]),
  towpath_request_bytes: histogram(
    'Size of requests as clients sent them: with the head in HTTP/1.1, the body alone in HTTP/2.',
    ['side', 'service'],
  ),
  towpath_response_bytes: histogram(
    'Size of responses as clients got them: with the head in HTTP/1.1, the body alone in HTTP/2.',
    ['side', 'service'],
  ),
  towpath_backend_requests_total: counter('HTTP requests by the rule that chose their backend, and the backend.', [
    'side',
    'service',
    'route',
    'backend',
  ]),
  towpath_upstream_connections: gauge(
    'Connections to the endpoints of a cluster that are open, or being established.',
    ['cluster'],
  ),
  towpath_upstream_connections_idle: gauge('Connections of the pool that wait for a request (HTTP/1.1).', ['cluster']),
  towpath_upstream_requests_active: gauge('Requests under way to a cluster.', ['cluster']),
  towpath_upstream_requests_pending: gauge('Requests that wait for a connection, or a free stream, to a cluster.', [
    'cluster',
  ]),
  towpath_upstream_retries_active: gauge('Requests under way that were sent more than once.', ['cluster']),
  towpath_retries_total: counter(
    'Requests that were, or would have been, sent again, by cluster, reason and result (sent, exhausted, overflow, over-budget).',
    ['cluster', 'reason', 'result'],
  ),
  towpath_retry_budget_exhausted_total: counter('Retries that the budget of a cluster did not allow.', ['cluster']),
  towpath_circuit_breaker_overflows_total: counter('Requests refused by a circuit breaker, by cluster and limit.', [
    'cluster',
    'limit',
  ]),
  towpath_circuit_breaker_open: gauge('Data threads in which a limit of the circuit breaker of a cluster is reached.', [
    'cluster',
    'limit',
  ]),
  towpath_faults_injected_total: counter('Delays and aborts injected, by service, route and type.', [
    'service',
    'route',
    'type',
  ]),
  towpath_hedged_requests_total: counter(
    'Second requests beside slow first ones, by cluster and whether they won or lost.',
    ['cluster', 'result'],
  ),
  towpath_mirrored_requests_total: counter('Copies of requests, by cluster and result (answered, failed, dropped).', [
    'cluster',
    'result',
  ]),
  towpath_endpoint_ejections_total: counter('Endpoints ejected by outlier detection, by cluster and reason.', [
    'cluster',
    'reason',
  ]),
  towpath_endpoints_ejected: gauge('Endpoints that outlier detection keeps out now, summed over the data threads.', [
    'cluster',
  ]),
  towpath_endpoint_returns_total: counter('Ejected endpoints that came back, by cluster and reason (time, check).', [
    'cluster',
    'reason',
  ]),
  towpath_endpoint_checks_total: counter('Changes of what active checks find of endpoints, by cluster and result.', [
    'cluster',
    'result',
  ]),
  towpath_series_dropped_total: counter(
    'Times that labels found no place of their own because a name, or a data thread, had too many; the counts are in the series otel_metric_overflow.',
  ),
  towpath_series_merged_total: counter(
    'Kinds of requests whose routes left the configuration, and that are left in the sums of their services alone.',
  ),
  towpath_internal_errors_total: counter('Broken promises inside the data thread; any value above 0 is a bug.', [
    'side',
    'reason',
  ]),
};

/** What the main thread measures. */
const AGENT: Readonly<Record<string, MetricDescription>> = {
  towpath_build_info: gauge('Constant 1; the labels carry the version of Towpath and of Node.', ['version', 'node']),
  towpath_start_time_seconds: gauge('Unix time at which the process started.'),
  towpath_ready: gauge('1 when traffic is served and rules, if enabled, are in force.'),
  towpath_view_generation: gauge('Generation of the view in force, per service.', ['service']),
  towpath_directory_generation: gauge('Generation of the directory in force.'),
  towpath_directory_services: gauge('Services in the directory.'),
  towpath_views_persisted_total: counter('Times the last-known-good views were written to disk.'),
  towpath_views_persist_failures_total: counter('Times the last-known-good views could not be written.'),
  towpath_control_connected: gauge('1 while the NATS connection to control is up.'),
  towpath_control_lease_renewals_total: counter('Times the lease of this host in the registry was renewed.'),
  towpath_control_lease_failures_total: counter('Times the lease of this host could not be renewed.'),
  towpath_control_reconnects_total: counter('Times the NATS connection came back.'),
  towpath_control_views_applied_total: counter('Views from control that were put in force.'),
  towpath_control_views_rejected_total: counter('Views from control that were refused.'),
  towpath_control_view_age_seconds: gauge('Seconds since the views were last known to be the newest.'),
  towpath_workload_healthy: gauge('1 while the local workload passes its probe (or has none).', ['workload']),
  towpath_certificate_expiration_timestamp_seconds: gauge('Unix time at which a certificate of this host ends.', [
    'spiffe_id',
  ]),
  towpath_root_expiration_timestamp_seconds: gauge('Unix time at which a root that this host trusts ends.', ['root']),
  towpath_certificate_renewals_total: counter('Certificates that control issued for this host.'),
  towpath_certificate_renewal_failures_total: counter('Certificates that could not be had from control.'),
  towpath_egress_refused_total: counter(
    'Connections and requests refused because their destination is no service and outboundTrafficPolicy is REGISTRY_ONLY.',
    ['protocol'],
  ),
  towpath_routed_connections_total: counter(
    'Connections routed as a whole (TCPRoute, TLSRoute) by service, route, backend and flag: NC no such backend, NR no route for the server name.',
    ['service', 'route', 'backend', 'flags'],
  ),
  towpath_dns_queries_total: counter(
    'DNS queries of local programs by transport and fate: service (answered from the mesh), forwarded, failed (nobody answered), malformed, ignored.',
    ['transport', 'fate'],
  ),
  towpath_interception_lease_age_seconds: gauge('Seconds since the interception lease was refreshed.'),
  towpath_interception_lease_refreshes_total: counter('Times the interception lease was refreshed.'),
  towpath_interception_drifts_total: counter('Times somebody changed the interception rules.'),
  towpath_interception_repairs_total: counter('Times drifted interception rules were put back.'),
  towpath_connections_open: gauge('Captured connections open now.'),
  towpath_data_thread_heartbeat_age_seconds: gauge('Age of the oldest heartbeat among the data threads.'),
  towpath_records_dropped_total: counter(
    'Records of requests and connections that found no room on their way to the main thread.',
  ),
  towpath_access_log_lines_total: counter('Lines of the access log that were written.', ['sink']),
  towpath_access_log_dropped_total: counter('Lines of the access log that a slow or broken sink could not take.', [
    'sink',
  ]),
  towpath_spans_exported_total: counter('Spans that the collector has taken.'),
  towpath_spans_dropped_total: counter('Spans that found no room while the collector was away, or that it refused.'),
  towpath_data_thread_stalls_total: counter('Times a data thread stopped answering for more than 2 s.'),
  towpath_event_loop_delay_seconds: summary('Delay of the main thread event loop since the last scrape, by quantile.', [
    'quantile',
  ]),
  towpath_process_cpu_seconds_total: counter('CPU time of the whole process, user and system.'),
  towpath_process_resident_memory_bytes: gauge('Resident memory of the process.'),
  towpath_process_open_fds: gauge('Open file descriptors of the process.'),
  towpath_metrics_dropped_series: gauge('Series left out of this answer because there were too many.'),
};

/** By family name: a histogram is listed without `_bucket`, `_sum` and `_count`. */
export const METRIC_DESCRIPTIONS: Readonly<Record<string, MetricDescription>> = {
  ...TRAFFIC,
  ...AGENT,
  ...OPENTELEMETRY,
  ...ISTIO,
};
