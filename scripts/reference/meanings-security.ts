/** Fields of PeerAuthentication. */
export const SECURITY_MEANINGS: Readonly<Record<string, string>> = {
  'PeerAuthentication: spec': 'Which connections workloads accept: mutual TLS of the mesh, or others as well.',
  'PeerAuthentication: selector':
    'Workloads of the namespace. Absent: all of them, from `istio-system` all of the mesh.',
  'PeerAuthentication: selector.matchLabels': 'All of them.',
  'PeerAuthentication: mtls': 'Absent: as the wider policy says.',
  'PeerAuthentication: mode':
    'STRICT: mutual TLS alone. PERMISSIVE: anything else as well. DISABLE: no mutual TLS. UNSET: as the wider policy says, in the end PERMISSIVE.',
  'PeerAuthentication: portLevelMtls.*': 'One port.',
  'PeerAuthentication: portLevelMtls': 'By the number of a port of the workload, at most 100. Needs a selector.',
};
