/** Fields of Istio's security kinds. */
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

  selector: 'Workloads by label. Absent: all of the namespace, from `istio-system` all of the mesh.',
  'selector.matchLabels': 'All of them. From `istio-system` workloads of every namespace.',
  targetRefs: 'Instead of a selector: the workloads behind Services, on the ports that these lead to.',
  'targetRefs.group': 'Empty for a Service, `networking.istio.io` for a ServiceEntry.',
  'targetRefs.kind': 'What is targeted.',
  'targetRefs.name': 'Of the namespace of the policy.',

  'AuthorizationPolicy: spec': 'Who may do what at workloads. Empty: an ALLOW that allows nothing.',
  'AuthorizationPolicy: action':
    'A DENY that matches denies; without ALLOW all is allowed; else one must match. AUDIT is counted and logged.',
  'AuthorizationPolicy: rules': 'One of them must match. Empty: none does. `{}` matches everything.',
  'AuthorizationPolicy: from': 'One of the sources must match. Absent: anybody.',
  'AuthorizationPolicy: source': 'All of its fields must match.',
  'AuthorizationPolicy: principals': 'Who calls, proved by mutual TLS: `trust-domain/ns/namespace/sa/account`.',
  'AuthorizationPolicy: notPrincipals': 'None of them; without mutual TLS it matches.',
  'AuthorizationPolicy: requestPrincipals': '`issuer/subject` of a token that was checked (RequestAuthentication).',
  'AuthorizationPolicy: notRequestPrincipals': 'None of them; without a token it matches.',
  'AuthorizationPolicy: namespaces': 'Of the principal.',
  'AuthorizationPolicy: notNamespaces': 'None of them.',
  'AuthorizationPolicy: serviceAccounts': '`namespace/account`, or an account of the namespace of the policy.',
  'AuthorizationPolicy: notServiceAccounts': 'None of them.',
  'AuthorizationPolicy: trustDomains': 'Of the principal.',
  'AuthorizationPolicy: notTrustDomains': 'None of them.',
  'AuthorizationPolicy: ipBlocks': 'Addresses and ranges that the connection comes from.',
  'AuthorizationPolicy: notIpBlocks': 'None of them.',
  'AuthorizationPolicy: remoteIpBlocks': 'The same: no proxy in front is trusted with the address of its client.',
  'AuthorizationPolicy: notRemoteIpBlocks': 'None of them.',
  'AuthorizationPolicy: to': 'One of the operations must match. Absent: anything.',
  'AuthorizationPolicy: operation': 'All of its fields must match.',
  'AuthorizationPolicy: operation.hosts':
    'The host that is asked for, without its port unless the value has one. HTTP only.',
  'AuthorizationPolicy: notHosts': 'None of them.',
  'AuthorizationPolicy: operation.ports': 'Of the workload, in quotes.',
  'AuthorizationPolicy: notPorts': 'None of them.',
  'AuthorizationPolicy: methods': 'HTTP only; of gRPC always POST.',
  'AuthorizationPolicy: notMethods': 'None of them.',
  'AuthorizationPolicy: paths':
    'Without the query; `{*}` is one segment, `{**}` the rest. HTTP only; of gRPC `/service/method`.',
  'AuthorizationPolicy: notPaths': 'None of them.',
  'AuthorizationPolicy: when': 'All must hold.',
  'AuthorizationPolicy: when.key':
    '`request.headers[name]`, `request.auth.claims[name]`, `source.ip`, `connection.sni` and the other attributes of Istio.',
  'AuthorizationPolicy: when.values': 'One of them.',
  'AuthorizationPolicy: when.notValues': 'None of them.',

  'RequestAuthentication: spec':
    'Which tokens (JWT) requests may bring. A bad one is answered 401; none at all is left to authorization.',
  'RequestAuthentication: jwtRules': 'One for each issuer.',
  'RequestAuthentication: issuer': '`iss` of the tokens.',
  'RequestAuthentication: audiences': 'One of them must be in `aud`. Empty: whoever the token is for.',
  'RequestAuthentication: jwks': 'The public keys of the issuer, a JSON Web Key Set as text.',
  'RequestAuthentication: jwksUri':
    'Where agents get them. Without both: where the issuer says (OpenID Connect Discovery).',
  'RequestAuthentication: fromHeaders':
    'Headers with a token. Without any place: `Authorization: Bearer`, then the parameter `access_token`.',
  'RequestAuthentication: fromHeaders.name': 'Of the header.',
  'RequestAuthentication: fromHeaders.prefix': 'Before the token, such as `Bearer ` with a blank.',
  'RequestAuthentication: fromParams': 'Parameters of the query with a token.',
  'RequestAuthentication: fromCookies': 'Cookies with a token.',
  'RequestAuthentication: outputPayloadToHeader':
    'Header by which the program gets the claims, base64url. Taken off requests without a token.',
  'RequestAuthentication: outputClaimToHeaders':
    'Claims that the program gets as headers, which are taken off other requests.',
  'RequestAuthentication: outputClaimToHeaders.header': 'Of the program.',
  'RequestAuthentication: outputClaimToHeaders.claim': 'A text, number or truth value; `a.b` for one inside another.',
  'RequestAuthentication: forwardOriginalToken': 'The program gets the token too; else a header with it is taken off.',
  'RequestAuthentication: timeout': 'For getting the keys.',
  'RequestAuthentication: spaceDelimitedClaims':
    'Claims that are lists with blanks between, beside `scope` and `permission`.',
};
