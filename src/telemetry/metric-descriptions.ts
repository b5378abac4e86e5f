/** HELP and TYPE of every metric, in one table that a test compares with what the agent really emits. */
import type { MetricDescription } from './metric.ts';

function counter(help: string): MetricDescription {
  return { type: 'counter', help };
}
function gauge(help: string): MetricDescription {
  return { type: 'gauge', help };
}

/** What the data threads count. */
const TRAFFIC: Readonly<Record<string, MetricDescription>> = {
  towpath_connections_opened_total: counter('Connections captured, by side.'),
  towpath_connections_closed_total: counter('Captured connections that ended, by verdict, ending and service.'),
  towpath_connection_received_bytes_total: counter('Bytes received from the clients of captured connections.'),
  towpath_connection_sent_bytes_total: counter('Bytes sent to the clients of captured connections.'),
  towpath_connections_shed_total: counter('Connections that could not be accepted, by errno.'),
  towpath_tls_handshakes_total: counter(
    'TLS handshakes that were completed, by side and whether a session was resumed.',
  ),
  towpath_tls_failures_total: counter(
    'TLS connections that failed, by side and reason: each rule for certificates has its own.',
  ),
  towpath_inbound_mtls_total: counter(
    'Connections that arrived while this host takes part in mutual TLS or a PeerAuthentication counts, by workload, mode, connection security policy, result and reason.',
  ),
  towpath_rate_limit_requests_total: counter(
    'Requests that a rate limit counts, by policy, service, caller and result.',
  ),
  towpath_inbound_mtls_ended_total: counter(
    'Connections without mutual TLS that were reset since a PeerAuthentication has become STRICT, by workload.',
  ),
  towpath_verdicts_total: counter('What sniffing decided for captured connections, and why.'),
  towpath_requests_total: counter(
    'HTTP requests, by service, route, endpoint, protocol, status code, response flag and gRPC status.',
  ),
  towpath_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the head of a request to the end of its response.',
  },
  towpath_retries_total: counter(
    'Requests that were, or would have been, sent again, by cluster, reason and result (sent, exhausted, overflow, over-budget).',
  ),
  towpath_retry_budget_exhausted_total: counter('Retries that the budget of a cluster did not allow.'),
  towpath_circuit_breaker_overflows_total: counter('Requests refused by a circuit breaker, by cluster and limit.'),
  towpath_faults_injected_total: counter('Delays and aborts injected, by service, route and type.'),
  towpath_hedged_requests_total: counter(
    'Second requests beside slow first ones, by cluster and whether they won or lost.',
  ),
  towpath_mirrored_requests_total: counter('Copies of requests, by cluster and result (answered, failed, dropped).'),
  towpath_endpoint_ejections_total: counter('Endpoints ejected by outlier detection, by cluster and reason.'),
  towpath_endpoint_returns_total: counter('Ejected endpoints that came back, by cluster and reason (time, check).'),
  towpath_endpoint_checks_total: counter('Changes of what active checks find of endpoints, by cluster and result.'),
  towpath_series_dropped_total: counter('Counts that found no place because a data thread had too many series.'),
  towpath_internal_errors_total: counter('Broken promises inside the data thread; any value above 0 is a bug.'),
};

/** What the main thread measures. */
const AGENT: Readonly<Record<string, MetricDescription>> = {
  towpath_build_info: gauge('Constant 1; the labels carry the version of Towpath and of Node.'),
  towpath_start_time_seconds: gauge('Unix time at which the process started.'),
  towpath_ready: gauge('1 when traffic is served and rules, if enabled, are in force.'),
  towpath_view_generation: gauge('Generation of the view in force, per service.'),
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
  towpath_certificate_expiration_timestamp_seconds: gauge('Unix time at which a certificate of this host ends.'),
  towpath_root_expiration_timestamp_seconds: gauge('Unix time at which a root that this host trusts ends.'),
  towpath_certificate_renewals_total: counter('Certificates that control issued for this host.'),
  towpath_certificate_renewal_failures_total: counter('Certificates that could not be had from control.'),
  towpath_workload_healthy: gauge('1 while the local workload passes its probe (or has none).'),
  towpath_authorization_total: counter(
    'Requests and connections to workloads with policies, by what was decided and the policy that matched.',
  ),
  towpath_authorization_noted_total: counter(
    'What AUDIT policies matched, and what policies that are tried out would have decided.',
  ),
  towpath_authorization_ended_total: counter('Connections that ended because a changed policy forbids them.'),
  towpath_jwt_refused_total: counter('Requests answered 401 because their token is not good, by reason.'),
  towpath_egress_refused_total: counter(
    'Connections and requests refused because their destination is no service and outboundTrafficPolicy is REGISTRY_ONLY.',
  ),
  towpath_routed_connections_total: counter(
    'Connections routed as a whole (TCPRoute, TLSRoute) by service, route, backend and flag: NC no such backend, NR no route for the server name.',
  ),
  towpath_dns_queries_total: counter(
    'DNS queries of local programs by transport and fate: service (answered from the mesh), forwarded, failed (nobody answered), malformed, ignored.',
  ),
  towpath_interception_lease_age_seconds: gauge('Seconds since the interception lease was refreshed.'),
  towpath_interception_lease_refreshes_total: counter('Times the interception lease was refreshed.'),
  towpath_interception_drifts_total: counter('Times somebody changed the interception rules.'),
  towpath_interception_repairs_total: counter('Times drifted interception rules were put back.'),
  towpath_connections_open: gauge('Captured connections open now.'),
  towpath_data_thread_heartbeat_age_seconds: gauge('Age of the oldest heartbeat among the data threads.'),
  towpath_data_thread_stalls_total: counter('Times a data thread stopped answering for more than 2 s.'),
  towpath_event_loop_delay_seconds: gauge('Delay of the main thread event loop since the last scrape, by quantile.'),
  towpath_process_cpu_seconds_total: counter('CPU time of the whole process, user and system.'),
  towpath_process_resident_memory_bytes: gauge('Resident memory of the process.'),
  towpath_process_open_fds: gauge('Open file descriptors of the process.'),
  towpath_metrics_dropped_series: gauge('Series left out of this answer because there were too many.'),
};

/** By family name: a histogram is listed without `_bucket`, `_sum` and `_count`. */
export const METRIC_DESCRIPTIONS: Readonly<Record<string, MetricDescription>> = { ...TRAFFIC, ...AGENT };
