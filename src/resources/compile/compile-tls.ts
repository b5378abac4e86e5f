import { X509Certificate } from 'node:crypto';
import { serviceKey, type UpstreamTlsView } from '../../contract/views.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Frontend } from '../frontend.ts';
import { olderFirst } from '../older-first.ts';
import { keyOf } from '../relations.ts';
import type { ResourceIndex, Stored } from '../resource-index.ts';
import type { BackendTLSPolicyResource, ServicePort } from '../types.ts';

/** Certificates of one policy together: they are part of every view that carries one of its Services. */
const MAX_TRUSTED_BYTES = 64 * 1024;
const CA_KEY = 'ca.crt';

export interface UnusableAuthority {
  /** Reason of the condition ResolvedRefs (GEP-1897). */
  readonly reason: 'InvalidCACertificateRef';
  readonly message: string;
}

/** How connections to the endpoints of one port of a Service are secured; null = not at all. */
export function compileTls(index: ResourceIndex, service: Frontend, port: ServicePort): UpstreamTlsView | null {
  const policy = decidingPolicy(index, service, port);
  if (policy === undefined) return null;
  const { hostname, subjectAltNames, wellKnownCACertificates } = policy.resource.spec.validation;
  const hosts = subjectAltNames.flatMap((name) => (name.type === 'Hostname' ? [name.hostname] : []));
  const uris = subjectAltNames.flatMap((name) => (name.type === 'URI' ? [name.uri] : []));
  const names = { serverName: hostname, hosts: subjectAltNames.length === 0 ? [hostname] : hosts, uris };
  if (wellKnownCACertificates !== undefined) return { ...names, trusted: { type: 'system' } };
  const trusted = trustedCertificates(index, policy.resource);
  // Never in plain text because of a mistake in the policy (GEP-1897).
  if (!trusted.ok) return { ...names, trusted: { type: 'unusable', sentence: trusted.error.message } };
  return { ...names, trusted: { type: 'certificates', pem: trusted.value } };
}

/** The policy that decides for a port: one that names the port beats one for the whole Service, then the oldest. */
export function decidingPolicy(
  index: ResourceIndex,
  service: Frontend,
  port: ServicePort,
): Stored<BackendTLSPolicyResource> | undefined {
  const key = keyOf(service);
  const policies = index.tlsPoliciesTargeting(key).sort(olderFirst);
  const names = (sectionName: string | undefined) =>
    policies.find(({ resource }) =>
      resource.spec.targetRefs.some(
        (ref) => ref.kind === service.kind && ref.name === service.metadata.name && ref.sectionName === sectionName,
      ),
    );
  return (port.name === '' ? undefined : names(port.name)) ?? names(undefined);
}

/** The certificates that a policy trusts, in PEM form. */
export function trustedCertificates(
  index: ResourceIndex,
  policy: BackendTLSPolicyResource,
): Result<string, UnusableAuthority> {
  const found: string[] = [];
  for (const { name } of policy.spec.validation.caCertificateRefs) {
    const key = serviceKey(policy.metadata.namespace, name);
    const pem = index.configMap(key)?.data[CA_KEY];
    const problem = pem === undefined ? `the ConfigMap ${key} with ${CA_KEY} does not exist` : problemOf(key, pem);
    if (problem !== null) return err({ reason: 'InvalidCACertificateRef', message: problem });
    if (pem !== undefined) found.push(pem.trim());
  }
  const text = `${found.join('\n')}\n`;
  if (text.length <= MAX_TRUSTED_BYTES) return ok(text);
  return err({ reason: 'InvalidCACertificateRef', message: 'the certificates exceed 64 KiB together' });
}

function problemOf(key: string, pem: string): string | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return `${CA_KEY} of the ConfigMap ${key} holds no certificate in PEM form`;
  for (const [i, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      return `certificate ${i + 1} in ${CA_KEY} of the ConfigMap ${key} is damaged`;
    }
  }
  return null;
}
