/** AuthorizationPolicies and RequestAuthentications as the agent of a host wants them. Pure. */
import type {
  AuthorizationPolicyView,
  AuthorizationRuleView,
  ClauseView,
  PolicyUseView,
} from '../../contract/authorization-views.ts';
import type { HostView, OtherPolicyView, WorkloadPolicyView } from '../../contract/host-view.ts';
import type { JwtRuleView } from '../../contract/jwt-views.ts';
import { parseJwks } from '../../core/json-web-keys.ts';
import type {
  AuthorizationOperation,
  AuthorizationRule,
  AuthorizationSource,
  JwtRule,
} from '../authorization-types.ts';
import { parseDuration } from '../parse-duration.ts';
import { keyOf, type ResourceIndex } from '../resource-index.ts';
import { isDryRun } from '../schema/authorization-policy.ts';
import type { AuthorizationPolicyResource, RequestAuthenticationResource, WorkloadPolicyResource } from '../types.ts';
import {
  type Applicable,
  applicable,
  inOrder,
  type PolicedWorkload,
  PolicyTable,
  unscoped,
} from './applicable-policies.ts';
import { attributeOf } from './condition-key.ts';

const DISCOVERY = '/.well-known/openid-configuration';
/** Claims that Istio always takes for lists with blanks between. */
const SPACE_DELIMITED = ['scope', 'permission'];
const DEFAULT_TIMEOUT_MS = 5_000;

/** The policies of one host, each compiled once, however many of its workloads they hold for. */
export class HostAuthorization {
  readonly #index: ResourceIndex;
  readonly #authorization = new PolicyTable<AuthorizationPolicyResource>();
  readonly #authentication = new PolicyTable<RequestAuthenticationResource>();

  constructor(index: ResourceIndex) {
    this.#index = index;
  }

  of(workload: PolicedWorkload): Pick<WorkloadPolicyView, 'authorization' | 'authentication'> {
    const { namespace } = workload;
    const authorization = applicable(this.#index, this.#policies(namespace), workload);
    const authentication = applicable(this.#index, this.#rules(namespace), workload);
    return usesOf(uses(this.#authorization, authorization), uses(this.#authentication, authentication));
  }

  /** Of ports that no workload claims, by the namespaces of the host's workloads. */
  others(namespaces: readonly string[]): readonly OtherPolicyView[] {
    return namespaces.flatMap((namespace): OtherPolicyView[] => {
      const all = <R extends WorkloadPolicyResource>(policy: R): Applicable<R> => ({ policy, ports: null });
      const said = usesOf(
        uses(this.#authorization, unscoped(this.#policies(namespace)).map(all)),
        uses(this.#authentication, unscoped(this.#rules(namespace)).map(all)),
      );
      return Object.keys(said).length === 0 ? [] : [{ namespace, ...said }];
    });
  }

  /** After all workloads were compiled. */
  tables(): Pick<HostView, 'authorizationPolicies' | 'jwtRules'> {
    const policies = this.#authorization.policies.map(policyView);
    const rules = this.#authentication.policies.map((policy) =>
      policy.spec.jwtRules.map((rule) => ruleView(keyOf(policy), rule)),
    );
    return {
      ...(policies.length === 0 ? {} : { authorizationPolicies: policies }),
      ...(rules.length === 0 ? {} : { jwtRules: rules }),
    };
  }

  #policies(namespace: string): AuthorizationPolicyResource[] {
    return inOrder((one) => this.#index.authorizationPolicies(one), namespace);
  }

  #rules(namespace: string): RequestAuthenticationResource[] {
    return inOrder((one) => this.#index.requestAuthentications(one), namespace);
  }
}

function uses<R extends WorkloadPolicyResource>(
  table: PolicyTable<R>,
  policies: readonly Applicable<R>[],
): PolicyUseView[] {
  return policies.map(({ policy, ports }) => ({ policy: table.placeOf(policy), ...(ports === null ? {} : { ports }) }));
}

function usesOf(
  authorization: readonly PolicyUseView[],
  authentication: readonly PolicyUseView[],
): Pick<WorkloadPolicyView, 'authorization' | 'authentication'> {
  return {
    ...(authorization.length === 0 ? {} : { authorization }),
    ...(authentication.length === 0 ? {} : { authentication }),
  };
}

function policyView(policy: AuthorizationPolicyResource): AuthorizationPolicyView {
  const { metadata, spec } = policy;
  const rules = spec.rules.map((rule) => authorizationRule(rule, metadata.namespace));
  return { policy: keyOf(policy), action: spec.action, dryRun: isDryRun(metadata), rules };
}

function authorizationRule({ from = [], to = [], when = [] }: AuthorizationRule, home: string): AuthorizationRuleView {
  return {
    from: from.map(({ source }) => sourceClauses(source, home)),
    to: to.map(({ operation }) => operationClauses(operation)),
    when: when.flatMap(({ key, values, notValues }) => {
      const named = attributeOf(key);
      return 'problem' in named ? [] : pair(named.attribute, values, notValues, named.key, home);
    }),
  };
}

function sourceClauses(source: AuthorizationSource, home: string): ClauseView[] {
  return [
    ...pair('source.principal', source.principals, source.notPrincipals),
    ...pair('request.auth.principal', source.requestPrincipals, source.notRequestPrincipals),
    ...pair('source.namespace', source.namespaces, source.notNamespaces),
    ...pair('source.serviceAccount', source.serviceAccounts, source.notServiceAccounts, [], home),
    ...pair('source.trustDomain', source.trustDomains, source.notTrustDomains),
    ...pair('source.ip', source.ipBlocks, source.notIpBlocks),
    ...pair('remote.ip', source.remoteIpBlocks, source.notRemoteIpBlocks),
  ];
}

function operationClauses(operation: AuthorizationOperation): ClauseView[] {
  return [
    ...pair('request.host', operation.hosts, operation.notHosts),
    ...pair('destination.port', operation.ports, operation.notPorts),
    ...pair('request.method', operation.methods, operation.notMethods),
    ...pair('request.path', operation.paths, operation.notPaths),
  ];
}

/** @param home namespace of accounts that name none */
function pair(
  attribute: ClauseView['attribute'],
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
  key: readonly string[] = [],
  home = '',
): ClauseView[] {
  const full = (list: readonly string[]): readonly string[] =>
    attribute === 'source.serviceAccount' ? list.map((one) => (one.includes('/') ? one : `${home}/${one}`)) : list;
  return [
    ...(values === undefined ? [] : [{ attribute, key, values: full(values), not: false }]),
    ...(notValues === undefined ? [] : [{ attribute, key, values: full(notValues), not: true }]),
  ];
}

function ruleView(policy: string, rule: JwtRule): JwtRuleView {
  const { issuer, audiences, fromHeaders, fromParams, fromCookies, outputClaimToHeaders } = rule;
  return {
    policy,
    issuer,
    audiences,
    keys: keysOf(rule),
    fromHeaders,
    fromParams,
    fromCookies,
    outputPayloadToHeader: rule.outputPayloadToHeader ?? '',
    outputClaimToHeaders,
    forwardsToken: rule.forwardOriginalToken,
    spaceDelimitedClaims: [...new Set([...SPACE_DELIMITED, ...rule.spaceDelimitedClaims])],
  };
}

function keysOf({ issuer, jwks, jwksUri, timeout }: JwtRule): JwtRuleView['keys'] {
  if (jwks !== undefined) {
    const keys = parseJwks(jwks);
    return keys.ok ? keys.value : [];
  }
  const timeoutMs = parseDuration(timeout) ?? DEFAULT_TIMEOUT_MS;
  if (jwksUri !== undefined) return { type: 'jwks', url: jwksUri, timeoutMs };
  return { type: 'issuer', url: `${issuer.replace(/\/+$/, '')}${DISCOVERY}`, timeoutMs };
}
