import type { Bucket, Bus } from '../contract/bus-types.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { FieldChange } from '../core/diff-values.ts';
import type { Problem } from '../core/errors.ts';
import { ok, type Result } from '../core/result.ts';
import { type ResourceId, resourceId, type StoredResource } from '../resources/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import { admitRecord } from './admit-record.ts';
import { BucketFollower, type NewRecord } from './bucket-follower.ts';
import { describeFields } from './describe-change.ts';
import type { MeshState } from './mesh-state.ts';
import type { PlannedChange } from './plan-changes.ts';
import type { AuditEvent, AuditTrail } from './record-audit.ts';
import type { SerialQueue } from './serial-queue.ts';
import type { StatusWriter } from './status-writer.ts';
import { encodeStored, servicesFirst } from './stored-form.ts';

/** Of each direct edit, in the audit trail. */
const AUDITED_FIELDS = { fields: 50, valueLength: 500 };

/**
 * Desired state: the bucket `towpath_config` and its image in memory. Changes come from requests (`commit`) and from
 * operators who edit the bucket directly; a direct edit is admitted or refused after the fact, and while it is refused
 * the last good version stays in force. Everything runs in the caller's queue, one after the other.
 */
export class ConfigSync {
  readonly #bucket: Bucket;
  readonly #follower: BucketFollower;
  readonly #state: MeshState;
  readonly #queue: SerialQueue;
  readonly #status: StatusWriter;
  readonly #audit: AuditTrail;
  readonly #logger: Logger;
  /** The store was found empty, and is not full again yet. */
  #owesRefill = false;
  directEdits = 0;
  refusedEdits = 0;

  constructor(
    bus: Bus,
    subjects: Subjects,
    parts: { state: MeshState; queue: SerialQueue; status: StatusWriter; audit: AuditTrail },
    logger: Logger,
  ) {
    this.#bucket = bus.bucket(subjects.bucket('config'));
    this.#follower = new BucketFollower(bus, subjects, 'config');
    this.#state = parts.state;
    this.#queue = parts.queue;
    this.#status = parts.status;
    this.#audit = parts.audit;
    this.#logger = logger;
  }

  start(): void {
    this.#follower.start((record) => {
      this.#queue
        .run(() => this.#takeRecord(record))
        .catch((cause: unknown) => {
          this.#follower.distrust(record.key);
          this.#logger.warn({ key: record.key, reason: String(cause) }, 'could not take over a direct edit yet');
        });
    });
  }

  stop(): void {
    this.#follower.stop();
  }

  /** Compares with the store; call within the queue. Rejects with BusError. */
  async reconcile(): Promise<void> {
    const listing = await this.#follower.poll();
    if (listing?.recreated === true) {
      this.#state.forgetRevisions();
      this.#owesRefill = listing.total === 0 && this.#state.resources.list().length > 0;
    }
    if (this.#owesRefill) return this.#refill();
    if (listing === null) return;
    const records = servicesFirst(listing.records);
    for (const key of listing.absent) this.#forget(key);
    try {
      for (const record of records) await this.#takeRecord(record);
    } catch (cause) {
      this.#follower.distrust(records[0]?.key ?? '');
      throw cause;
    }
  }

  /** Writes planned changes: all of them, or none. `conflict`: somebody else changed one meanwhile; plan again. */
  async commit(changes: readonly PlannedChange[]): Promise<Result<void, 'conflict'>> {
    const done: { change: PlannedChange; revision: number }[] = [];
    try {
      for (const change of changes) {
        const written = await this.#write(change);
        if (!written.ok) {
          await this.#undo(done);
          await this.#catchUp(change.id);
          return written;
        }
        done.push({ change, revision: written.value });
      }
    } catch (cause) {
      await this.#undo(done).catch(() => {
        this.#logger.error(
          { written: done.map(({ change }) => change.id) },
          'the store went away in the middle of a change',
        );
      });
      throw cause;
    }
    for (const { change, revision } of done) this.#adopt(change, revision);
    return ok(undefined);
  }

  async #write(change: PlannedChange): Promise<Result<number, 'conflict'>> {
    const expected = this.#state.revisionOf(change.id);
    switch (change.type) {
      case 'put':
        return this.#bucket.write(change.id, encodeStored(change.stored), expected);
      case 'delete': {
        const removed = await this.#bucket.remove(change.id, expected);
        return removed.ok ? ok(expected) : removed;
      }
      case 'unchanged':
      case 'not-found':
        return ok(expected);
    }
  }

  #adopt(change: PlannedChange, revision: number): void {
    if (change.type === 'put') {
      this.#state.putResource(change.stored, revision);
      this.#status.admit(change.id);
    } else if (change.type === 'delete') {
      // The marker's revision is not told; the next write looks for it.
      this.#forget(change.id);
    }
  }

  /** Puts back what a failed request had already written; memory still has it. */
  async #undo(done: readonly { change: PlannedChange; revision: number }[]): Promise<void> {
    for (const { change, revision } of [...done].reverse()) {
      const before = this.#state.resources.get(change.id);
      if (change.type === 'put' && before === undefined) await this.#bucket.remove(change.id, revision);
      else if (change.type === 'put' && before !== undefined) await this.#rewrite(change.id, before, revision);
      else if (change.type === 'delete' && before !== undefined) await this.#rewrite(change.id, before, 0);
    }
  }

  async #rewrite(id: ResourceId, stored: StoredResource, expected: number): Promise<void> {
    const written = await this.#bucket.write(id, encodeStored(stored), expected);
    if (written.ok) this.#state.noteRevision(id, written.value);
  }

  /** Looks at the newest record of one key. */
  async #catchUp(key: string): Promise<void> {
    const entry = await this.#bucket.get(key);
    if (entry === null) return this.#forget(key);
    await this.#takeRecord({ key, revision: entry.revision, data: entry.deleted ? null : entry.data });
  }

  async #takeRecord(record: NewRecord): Promise<void> {
    const { key, revision, data } = record;
    if (data === null) {
      const entry = await this.#bucket.get(key);
      // A key that was written again since has its own message.
      if (entry === null || entry.deleted) await this.#takeDelete(record);
      return;
    }
    if (revision <= this.#state.revisionOf(key)) return;
    const admitted = admitRecord(this.#state, key, data);
    if (!admitted.ok) return this.#refuse(record, admitted.error);
    const before = this.#state.resources.get(resourceId(admitted.value.resource)) ?? null;
    this.#state.putResource(admitted.value, revision);
    this.#status.admit(key);
    const text = encodeStored(admitted.value);
    if (text === Buffer.from(data).toString('utf8')) return;
    // Control keeps generation, creation time and virtual IPs: they are written into what the operator put.
    await this.#rewrite(resourceId(admitted.value.resource), admitted.value, revision);
    this.directEdits++;
    const { fields } = describeFields(before, admitted.value, AUDITED_FIELDS);
    await this.#auditEdit(record, before === null ? 'created' : 'updated', admitted.value.generation, fields);
  }

  /** Our own deletes are no news here: the resource left memory when they were committed. */
  async #takeDelete(record: NewRecord): Promise<void> {
    const { key } = record;
    const before = this.#state.resources.get(key as ResourceId);
    this.#forget(key);
    if (before === undefined) return;
    this.directEdits++;
    await this.#auditEdit(record, 'deleted', before.generation);
  }

  async #refuse(record: NewRecord, problems: readonly Problem[]): Promise<void> {
    const { key, revision } = record;
    this.refusedEdits++;
    this.#logger.error(
      { key, revision, problems },
      'refused a record of the store; the last good version stays in force',
    );
    this.#state.noteRevision(key, revision);
    this.#status.refuse(key, { revision, problems });
    const id = key as ResourceId;
    if (this.#state.resources.get(id) === undefined) await this.#recallLastGood(key, revision);
    await this.#auditEdit(record, 'refused', this.#state.resources.get(id)?.generation ?? 0);
  }

  /** After a restart: the newest version of the key's history that can be admitted, unless it was deleted since. */
  async #recallLastGood(key: string, refused: number): Promise<void> {
    const before = (await this.#bucket.history(key)).filter((entry) => entry.revision < refused);
    const alive = before.slice(before.findLastIndex((entry) => entry.deleted) + 1).reverse();
    for (const { data } of alive) {
      const admitted = admitRecord(this.#state, key, data);
      if (admitted.ok) return this.#state.putResource(admitted.value, refused);
    }
  }

  #auditEdit(
    { key: id, revision }: NewRecord,
    outcome: AuditEvent['results'][number]['outcome'],
    generation: number,
    fields: readonly FieldChange[] = [],
  ): Promise<void> {
    const action = outcome === 'refused' ? 'direct-edit-refused' : 'direct-edit';
    const results = [{ id, outcome, generation, revision, ...(fields.length > 0 && { fields }) }];
    return this.#audit.record({ action, author: '', requestId: `${id}-${revision}`, results });
  }

  #forget(key: string): void {
    this.#state.noteRevision(key, 0);
    this.#state.deleteResource(key as ResourceId);
    this.#status.admit(key);
  }

  /** The store was wiped under a running control: what it knows is written again. */
  async #refill(): Promise<void> {
    const all = this.#state.resources.list();
    this.#logger.error({ resources: all.length }, 'the store was wiped: writing the desired state again from memory');
    for (const stored of all) await this.#rewrite(resourceId(stored.resource), stored, 0);
    this.#owesRefill = false;
    const results = all.map((one) => ({
      id: resourceId(one.resource),
      outcome: 'created' as const,
      generation: one.generation,
    }));
    await this.#audit.record({ action: 'restore', author: 'control', requestId: '', results });
  }
}
