/** Stable codes. Below TWP1000 the number is istioctl's, where the meaning is equal; from TWP1000 on they are our own. */
export const CODES = {
  referencedResourceNotFound: 'TWP0101',
  schemaValidation: 'TWP0106',
  noMatchingWorkloads: 'TWP0127',
  unreachableRule: 'TWP0130',
  duplicateMatch: 'TWP0131',
  /** 1001 (text cannot be parsed) and 1002 (limit exceeded) are given by core/yaml.ts. */
  limitExceeded: 'TWP1002',
  unsupportedKind: 'TWP1003',
  duplicateResource: 'TWP1004',
  virtualIpConflict: 'TWP1005',
  hostnamesIgnored: 'TWP1101',
  consumerRoute: 'TWP1102',
  noBackendTraffic: 'TWP1103',
  parentNotAttachable: 'TWP1104',
  policyConflict: 'TWP1105',
  portNotOffered: 'TWP1106',
  unsupportedBackend: 'TWP1107',
  unknownAppProtocol: 'TWP1108',
  droppedRule: 'TWP1109',
  noAuthority: 'TWP1110',
} as const;
