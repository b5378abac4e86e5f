/** What agents and operators ask of the certificate authority. Each function answers one subject; refusals are MicroErrors. */
import { X509Certificate } from 'node:crypto';
import type { Bus, BusMessage } from '../../contract/bus-types.ts';
import {
  type RotateReply,
  rotateRequestSchema,
  SHOWN_HOSTS,
  type ShowReply,
  type SignReply,
  showRequestSchema,
  signRequestSchema,
  type Trust,
  type TrustRecord,
  type TrustReply,
  trustRequestSchema,
} from '../../contract/certificate-messages.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { AUTHOR_HEADER } from '../../contract/messages.ts';
import { formatSpiffeId } from '../../contract/spiffe-id.ts';
import type { Subjects } from '../../contract/subjects.ts';
import { LineGate } from '../../core/line-gate.ts';
import type { z } from '../../core/schema.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AuditTrail } from '../record-audit.ts';
import { rejectRequest } from '../reject-request.ts';
import type { Authority } from './authority.ts';
import { whyNotEntitled } from './entitlement.ts';
import { issueSvid } from './issuer.ts';
import type { RequestLimit } from './request-limit.ts';
import type { TrustStore } from './trust-store.ts';

/** Agents spread the renewals of a rotation over this share of a certificate's life, and at most over half a minute. */
const SPREAD_SHARE = 0.1;
const MAX_SPREAD_MS = 30_000;
/** A host that is refused asks again as often as it likes. */
const LINES = new LineGate(10);

export interface CertificateCounts {
  issued: number;
  refused: number;
}

export interface CertificateDesk {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly authority: Authority;
  readonly store: TrustStore;
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly counts: CertificateCounts;
  readonly limit: RequestLimit;
}

/** `control.cert.trust.<host>`: what to trust; what the host has in force is noted. */
export async function answerTrust(desk: CertificateDesk, request: BusMessage, host: string): Promise<TrustReply> {
  const report = decode(request, trustRequestSchema);
  const record = await desk.authority.trust();
  await desk.store.report(host, { ...report, atMs: Date.now() });
  const spreadMs = Math.min(MAX_SPREAD_MS, desk.authority.settings.lifetimeMs * SPREAD_SHARE);
  return { trust: publicTrust(record), spreadMs: Math.round(spreadMs) };
}

/** `control.cert.sign.<host>`: a certificate for the key of the request, when the host may have that identity. */
export async function answerSign(desk: CertificateDesk, request: BusMessage, host: string): Promise<SignReply> {
  const { authority, bus, subjects, audit, counts, logger } = desk;
  const refuse = (code: number, message: string): never => {
    counts.refused++;
    if (LINES.admits(performance.now())) logger.warn({ host, reason: message }, 'a certificate was refused');
    return rejectRequest(code, [{ code: 'TWP2803', message }]);
  };
  if (!desk.limit.allows(host, performance.now()))
    return refuse(429, `the host ${host} asks for too many certificates`);
  const { namespace, account, request: pem } = decode(request, signRequestSchema);
  const record = await authority.trust();
  const { issuer, settings } = authority;
  if (issuer === null) return refuse(503, 'this control does not have the key of the certificate authority');
  const denial = await whyNotEntitled(bus, subjects, settings.grants, host, { namespace, account });
  if (denial !== null) return refuse(403, denial);
  const { readCertificateRequest } = await import('./x509.ts');
  const read = await readCertificateRequest(pem);
  if (!read.ok) return refuse(400, read.error);
  const spiffeId = formatSpiffeId({ trustDomain: record.trustDomain, namespace, account });
  if (read.value.uris.some((uri) => uri !== spiffeId))
    return refuse(400, `the request names other identities than ${spiffeId}`);
  const { lifetimeMs } = settings;
  const chain = await issueSvid(issuer, { spiffeId, publicKey: read.value.publicKey, lifetimeMs, nowMs: Date.now() });
  counts.issued++;
  const results = [{ id: `Certificate.${namespace}.${account}`, outcome: 'created' as const, generation: 0 }];
  await audit.record({ action: 'issue-certificate', author: `agent/${host}`, requestId: '', results });
  return { spiffeId, chain, trust: publicTrust(record) };
}

/** `control.cert.rotate`. */
export async function answerRotate(desk: CertificateDesk, request: BusMessage): Promise<RotateReply> {
  const { finish } = decode(request, rotateRequestSchema);
  const author = request.header(AUTHOR_HEADER);
  try {
    const trust = finish ? await desk.authority.finish(author) : await desk.authority.rotate(author);
    const sentence = finish
      ? 'the old root is dropped'
      : 'every host gets the new root first; certificates come from it once all trust it, and the old root is dropped when nobody uses it any more';
    return { sentence, trust };
  } catch (cause) {
    return rejectRequest(409, [{ code: 'TWP2804', message: cause instanceof Error ? cause.message : String(cause) }]);
  }
}

/** `control.cert.show`: roots, rotation, and what hosts have in force, some at a time. */
export async function answerShow(desk: CertificateDesk, request: BusMessage): Promise<ShowReply> {
  const { host, after } = decode(request, showRequestSchema);
  const { authority, store } = desk;
  const record = await authority.trust();
  const audience = await store.audience();
  const progress = authority.progress(record, audience);
  const reports = [...audience.reports]
    .filter(([name]) => (host === undefined || name === host) && (after === undefined || name > after))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const page = reports.slice(0, SHOWN_HOSTS);
  const { source, lifetimeMs } = authority.settings;
  const last = page.at(-1);
  return {
    trustDomain: record.trustDomain,
    version: record.version,
    mode: source.type,
    lifetimeMs,
    directory: source.type === 'own' ? source.directory : source.key,
    roots: record.roots.map((root) => describeRoot(record, root, authority.issuer?.root ?? null)),
    rotation: record.rotation && {
      ...record.rotation,
      waitingFor: progress?.type === 'wait' ? [...progress.waitingFor] : [],
      dropAtMs: progress?.type === 'wait' && record.rotation.phase === 'reissue' ? progress.untilMs : null,
    },
    hosts: page.map(([name, report]) => ({ host: name, live: audience.live.has(name), ...report })),
    ...(reports.length > page.length && last !== undefined && { next: last[0] }),
  };
}

function describeRoot(
  { issuer, rotation }: TrustRecord,
  { fingerprint, certificate }: Trust['roots'][number],
  heldRoot: string | null,
): ShowReply['roots'][number] {
  const { subject, validFrom, validTo } = new X509Certificate(certificate);
  const other = rotation === null ? 'trusted' : fingerprint === rotation.to ? 'coming' : 'leaving';
  return {
    fingerprint,
    subject: subject.replaceAll('\n', ', '),
    notBeforeMs: Date.parse(validFrom),
    notAfterMs: Date.parse(validTo),
    state: fingerprint === issuer ? 'active' : other,
    key: fingerprint === heldRoot,
  };
}

function publicTrust({ rotation: _, ...trust }: TrustRecord): Trust {
  return trust;
}

function decode<T>(request: BusMessage, schema: z.ZodType<T>): T {
  const data = request.data.length === 0 ? Buffer.from('{}') : request.data;
  const body = decodeJson(data, schema, MAX_RECORD_BYTES);
  return body.ok ? body.value : rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
}
