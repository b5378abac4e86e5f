import { Kvm, type Session, streamMark, worded } from './bus.ts';
import type { BucketOptions, StreamOptions } from './bus-types.ts';

const NANOSECONDS = 1_000_000;

/** Creates a bucket when it is not there; an existing one keeps its settings. Rejects with BusError. */
export async function createBucket(session: Session, name: string, options: BucketOptions): Promise<void> {
  const { history, replicas, maxValueBytes: maxValueSize, ttlMs, republishPrefix } = options;
  const republish = { src: `$KV.${name}.>`, dest: `${republishPrefix}.>` };
  await worded(
    new Kvm(session.stream).create(name, {
      history,
      replicas,
      maxValueSize,
      allow_direct: true,
      ...(ttlMs === null ? {} : { ttl: ttlMs }),
      ...(republishPrefix === null ? {} : { republish }),
    }),
  );
}

/** Creates a stream when it is not there; an existing one keeps its settings. Rejects with BusError. */
export async function createStream(session: Session, options: StreamOptions): Promise<void> {
  if ((await streamMark(session.manager, options.name)) !== null) return;
  await worded(
    session.manager.streams.add({
      name: options.name,
      subjects: [...options.subjects],
      max_age: options.maxAgeMs * NANOSECONDS,
      max_bytes: options.maxBytes,
      num_replicas: options.replicas,
      ...(options.maxRecordBytes === null ? {} : { max_msg_size: options.maxRecordBytes }),
      deny_delete: options.isSealed,
      deny_purge: options.isSealed,
    }),
  );
}
