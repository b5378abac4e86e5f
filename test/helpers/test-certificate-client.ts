/** A certificate authority in memory that answers an agent's keeper as control does, with settings that a test turns. */
import type { CertificateClient } from '../../src/agent/identity/keeper-links.ts';
import type { Trust, TrustRequest } from '../../src/contract/certificate-messages.ts';
import { formatSpiffeId } from '../../src/contract/spiffe-id.ts';
import { type Issuer, issueSvid, makeRootIssuer } from '../../src/control/ca/issuer.ts';
import { readCertificateRequest } from '../../src/control/ca/x509.ts';

export interface TestCertificateAuthority extends CertificateClient {
  connected: boolean;
  /** Set to refuse everything with this sentence. */
  refusal: string | null;
  /** Accounts that are refused. */
  readonly refused: Set<string>;
  lifetimeMs: number;
  trustInForce: Trust;
  signed: number;
  readonly reports: TrustRequest[];
  /** Adds a root; certificates come from it only after `use`. */
  addRoot(): Promise<Issuer>;
  use(issuer: Issuer): void;
  drop(issuer: Issuer): void;
}

const TRUST_DOMAIN = 'example.org';

export async function testCertificateAuthority(nowMs: () => number): Promise<TestCertificateAuthority> {
  let active = await makeRootIssuer(TRUST_DOMAIN, nowMs());
  const rootOf = ({ root, certificate }: Issuer) => ({ fingerprint: root, certificate });
  const change = (change: Partial<Trust>): void => {
    authority.trustInForce = { ...authority.trustInForce, ...change, version: authority.trustInForce.version + 1 };
  };
  const answering = (): void => {
    if (!authority.connected) throw new Error('there is no connection to NATS');
    if (authority.refusal !== null) throw new Error(authority.refusal);
  };
  const authority: TestCertificateAuthority = {
    connected: true,
    refusal: null,
    refused: new Set(),
    lifetimeMs: 60_000,
    trustInForce: { trustDomain: TRUST_DOMAIN, version: 1, roots: [rootOf(active)], issuer: active.root },
    signed: 0,
    reports: [],
    trust: async (report) => {
      answering();
      authority.reports.push(report);
      return { trust: authority.trustInForce, spreadMs: 0 };
    },
    sign: async ({ namespace, account, request }) => {
      answering();
      if (authority.refused.has(account)) throw new Error(`control refuses: not the account ${account}`);
      const read = await readCertificateRequest(request);
      if (!read.ok) throw new Error(read.error);
      authority.signed++;
      const spiffeId = formatSpiffeId({ trustDomain: TRUST_DOMAIN, namespace, account });
      const { lifetimeMs } = authority;
      const facts = { spiffeId, publicKey: read.value.publicKey, lifetimeMs, nowMs: nowMs() };
      return { spiffeId, chain: await issueSvid(active, facts), trust: authority.trustInForce };
    },
    addRoot: async () => {
      const issuer = await makeRootIssuer(TRUST_DOMAIN, nowMs());
      change({ roots: [...authority.trustInForce.roots, rootOf(issuer)] });
      return issuer;
    },
    use: (issuer) => {
      active = issuer;
      change({ issuer: issuer.root });
    },
    drop: ({ root }) =>
      change({ roots: authority.trustInForce.roots.filter(({ fingerprint }) => fingerprint !== root) }),
  };
  return authority;
}
