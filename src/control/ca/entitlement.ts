/** Which identities a host may ask for: what its join token allowed, kept in the bucket `towpath_join`. */
import type { Bus } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { type HostRecord, hostKey, hostRecordSchema, mayHaveIdentity } from '../../contract/join-messages.ts';
import { DEFAULT_ACCOUNT } from '../../contract/spiffe-id.ts';
import type { Subjects } from '../../contract/subjects.ts';
import { decodeStored } from '../stored-form.ts';
import type { CertificateSettings } from './settings.ts';

export interface WantedIdentity {
  readonly namespace: string;
  readonly account: string;
}

/** null: it may. Otherwise one sentence. Rejects with BusError when the store does not answer. */
export async function whyNotEntitled(
  bus: Bus,
  subjects: Subjects,
  grants: CertificateSettings['grants'],
  host: string,
  wanted: WantedIdentity,
): Promise<string | null> {
  const entry = await bus.bucket(subjects.bucket('join')).get(hostKey(host));
  if (entry === null || entry.deleted) {
    if (grants === 'open') return null;
    return `the host ${host} has not joined the mesh; make a token for it with: towpath join-token create --for ${host}`;
  }
  const record = decodeJson(entry.data, hostRecordSchema, MAX_RECORD_BYTES);
  if (!record.ok) return `what the store holds of the host ${host} is damaged: ${record.error}`;
  if (record.value.revokedMs !== null) return `the host ${host} was revoked`;
  const { namespace, account } = wanted;
  if (mayHaveIdentity(record.value, namespace, account)) return null;
  if (await isOfGroup(bus, subjects, record.value, wanted)) return null;
  return `the token by which the host ${host} joined does not allow the account ${account} of the namespace ${namespace}; let it join again by one with every identity that it needs: towpath join-token create --for ${host} --identity ${namespace}/${account}`;
}

/** A host that joined for a WorkloadGroup may have the account that the group's template names, as it is now. */
async function isOfGroup(
  bus: Bus,
  subjects: Subjects,
  { groups }: Pick<HostRecord, 'groups'>,
  { namespace, account }: WantedIdentity,
): Promise<boolean> {
  for (const group of groups) {
    if (group.namespace !== namespace) continue;
    const key = `WorkloadGroup.${namespace}.${group.name}`;
    const entry = await bus.bucket(subjects.bucket('config')).get(key);
    const stored = entry === null || entry.deleted ? null : decodeStored(key, entry.data);
    if (!stored?.ok || stored.value.resource.kind !== 'WorkloadGroup') continue;
    if ((stored.value.resource.spec.template.serviceAccount ?? DEFAULT_ACCOUNT) === account) return true;
  }
  return false;
}
