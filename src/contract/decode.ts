/** Bytes from the bus to typed values: size first, then JSON, then the schema. Nothing else may parse bus input. */

import { err, ok, type Result } from '../core/result.ts';
import { problemsOf, type z } from '../core/schema.ts';
import { type HostView, hostViewSchema } from './host-view.ts';
import { directoryViewSchema, serviceViewSchema } from './view-schema.ts';
import { type ServiceView, serviceKey } from './views.ts';

/** NATS's default `max_payload`; a larger view could not have been published. */
export const MAX_VIEW_BYTES = 1024 * 1024;
/** Acks, leases, endpoint records and requests other than apply. */
export const MAX_RECORD_BYTES = 64 * 1024;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The value, or one sentence about the first thing that is wrong with it. */
export function decodeJson<T>(data: Uint8Array, schema: z.ZodType<T>, maxBytes: number): Result<T, string> {
  if (data.length > maxBytes) return err(`it has ${data.length} bytes, more than the limit of ${maxBytes}`);
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(data));
  } catch {
    return err('it is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const [first] = problemsOf(parsed.error, '');
  return err(first === undefined ? 'it does not fit the schema' : `${first.path ?? ''}: ${first.message}`);
}

export function decodeDirectoryView(data: Uint8Array) {
  return decodeJson(data, directoryViewSchema, MAX_VIEW_BYTES);
}

export function decodeHostView(data: Uint8Array): Result<HostView, string> {
  return decodeJson(data, hostViewSchema, MAX_VIEW_BYTES);
}

/** Also refuses a view that is about another service than the key it was read from. */
export function decodeServiceView(data: Uint8Array, key: string): Result<ServiceView, string> {
  const view = decodeJson(data, serviceViewSchema, MAX_VIEW_BYTES);
  if (!view.ok) return view;
  const found = serviceKey(view.value.namespace, view.value.name);
  return found === key ? view : err(`it describes ${found}, not ${key}`);
}
