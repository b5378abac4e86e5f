/** Which connections a workload accepts, as Istio's PeerAuthentication has it (pilot's composePeerAuthentication). Pure. */
import { selects } from '../label-index.ts';
import { olderFirst } from '../older-first.ts';
import type { ResourceIndex, Stored } from '../resource-index.ts';
import { ROOT_NAMESPACE } from '../root-namespace.ts';
import type { MtlsMode } from '../security-types.ts';
import type { Labels } from '../selector-index.ts';
import type { PeerAuthenticationResource } from '../types.ts';

export type DecidedMode = Exclude<MtlsMode, 'UNSET'>;
export type Scope = 'mesh' | 'namespace' | 'workload' | 'ignored';

export interface DecidedMtls {
  readonly mode: DecidedMode;
  /** `<namespace>/<name>` of the policy that decided; '' = none did. */
  readonly policy: string;
}

export interface WorkloadMtls extends DecidedMtls {
  /** Ports that are treated in another way. */
  readonly ports: ReadonlyMap<number, DecidedMtls>;
}

type Policy = Stored<PeerAuthenticationResource>;

const NOTHING_SAID: DecidedMtls = { mode: 'PERMISSIVE', policy: '' };
const NO_PORTS: ReadonlyMap<number, DecidedMtls> = new Map();

/** Whom a policy is for. One with a selector in the root namespace is for nobody, as in Istio. */
export function scopeOf({ metadata, spec }: PeerAuthenticationResource): Scope {
  const isWhole = Object.keys(spec.selector?.matchLabels ?? {}).length === 0;
  if (metadata.namespace === ROOT_NAMESPACE) return isWhole ? 'mesh' : 'ignored';
  return isWhole ? 'namespace' : 'workload';
}

/** The oldest of a scope counts; UNSET inherits: ports from the workload, it from the namespace, that from the mesh. */
export function mtlsOfWorkload(index: ResourceIndex, namespace: string, labels: Labels): WorkloadMtls {
  const own = index.peerAuthentications(namespace);
  const matching = own.filter(
    ({ resource }) => scopeOf(resource) === 'workload' && selects(resource.spec.selector?.matchLabels ?? {}, labels),
  );
  const wider = mtlsOfNamespace(index, namespace);
  const policy = oldest(matching);
  if (policy === null) return { ...wider, ports: NO_PORTS };
  const inForce = narrow(wider, policy);
  const ports = Object.entries(policy.resource.spec.portLevelMtls ?? {}).map(
    ([port, { mode }]) => [Number(port), decide(inForce, mode, policy)] as const,
  );
  return { ...inForce, ports: new Map(ports) };
}

/** What holds for workloads that no policy selects. */
export function mtlsOfNamespace(index: ResourceIndex, namespace: string): DecidedMtls {
  const inMesh = index.peerAuthentications(ROOT_NAMESPACE).filter(({ resource }) => scopeOf(resource) === 'mesh');
  const inNamespace = index.peerAuthentications(namespace).filter(({ resource }) => scopeOf(resource) === 'namespace');
  return narrow(narrow(NOTHING_SAID, oldest(inMesh)), oldest(inNamespace));
}

export function mtlsAtPort(workload: WorkloadMtls, port: number): DecidedMtls {
  return workload.ports.get(port) ?? workload;
}

/** The policy of the same scope and selector that counts instead; null: this one counts. */
export function rivalOf(index: ResourceIndex, policy: PeerAuthenticationResource): PeerAuthenticationResource | null {
  const { namespace, name } = policy.metadata;
  const selector = selectorText(policy);
  const same = index
    .peerAuthentications(namespace)
    .filter(({ resource }) => scopeOf(resource) === scopeOf(policy) && selectorText(resource) === selector);
  const first = oldest(same)?.resource;
  return first === undefined || first.metadata.name === name ? null : first;
}

function selectorText({ spec }: PeerAuthenticationResource): string {
  return JSON.stringify(Object.entries(spec.selector?.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function oldest(policies: readonly Policy[]): Policy | null {
  return [...policies].sort(olderFirst)[0] ?? null;
}

function narrow(wider: DecidedMtls, policy: Policy | null): DecidedMtls {
  return policy === null ? wider : decide(wider, policy.resource.spec.mtls?.mode ?? 'UNSET', policy);
}

function decide(wider: DecidedMtls, mode: MtlsMode, { resource }: Policy): DecidedMtls {
  if (mode === 'UNSET') return wider;
  return { mode, policy: `${resource.metadata.namespace}/${resource.metadata.name}` };
}
