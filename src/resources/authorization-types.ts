/** Specs of Istio's AuthorizationPolicy and RequestAuthentication, with the field names of the manifests and defaults applied. */
import type { FrontendTarget } from './policy-types.ts';

/** Whom a policy is for: workloads by label, or those behind Services; neither: all of the namespace, from the root namespace of the mesh. */
export interface WorkloadScope {
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> } | undefined;
  readonly targetRefs?: readonly FrontendTarget[] | undefined;
}

export interface AuthorizationPolicySpec extends WorkloadScope {
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT';
  /** Empty: nothing matches, so that an ALLOW allows nothing. */
  readonly rules: readonly AuthorizationRule[];
}

export interface AuthorizationRule {
  readonly from?: readonly { readonly source: AuthorizationSource }[] | undefined;
  readonly to?: readonly { readonly operation: AuthorizationOperation }[] | undefined;
  readonly when?: readonly AuthorizationCondition[] | undefined;
}

type Texts = readonly string[] | undefined;

export interface AuthorizationSource {
  readonly principals?: Texts;
  readonly notPrincipals?: Texts;
  readonly requestPrincipals?: Texts;
  readonly notRequestPrincipals?: Texts;
  readonly namespaces?: Texts;
  readonly notNamespaces?: Texts;
  readonly serviceAccounts?: Texts;
  readonly notServiceAccounts?: Texts;
  readonly trustDomains?: Texts;
  readonly notTrustDomains?: Texts;
  readonly ipBlocks?: Texts;
  readonly notIpBlocks?: Texts;
  readonly remoteIpBlocks?: Texts;
  readonly notRemoteIpBlocks?: Texts;
}

export interface AuthorizationOperation {
  readonly hosts?: Texts;
  readonly notHosts?: Texts;
  readonly ports?: Texts;
  readonly notPorts?: Texts;
  readonly methods?: Texts;
  readonly notMethods?: Texts;
  readonly paths?: Texts;
  readonly notPaths?: Texts;
}

export interface AuthorizationCondition {
  readonly key: string;
  readonly values?: Texts;
  readonly notValues?: Texts;
}

export interface RequestAuthenticationSpec extends WorkloadScope {
  readonly jwtRules: readonly JwtRule[];
}

export interface JwtRule {
  readonly issuer: string;
  /** Empty: whoever it is for. */
  readonly audiences: readonly string[];
  /** A key set as JSON text; without it and `jwksUri` the issuer is asked (OpenID Connect Discovery). */
  readonly jwks?: string | undefined;
  readonly jwksUri?: string | undefined;
  /** Without any place: `Authorization: Bearer`, then the parameter `access_token`. */
  readonly fromHeaders: readonly { readonly name: string; readonly prefix: string }[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
  readonly outputPayloadToHeader?: string | undefined;
  readonly outputClaimToHeaders: readonly { readonly header: string; readonly claim: string }[];
  readonly forwardOriginalToken: boolean;
  readonly timeout: string;
  readonly spaceDelimitedClaims: readonly string[];
}
