import { listReplySchema, type ResourceReply } from '../contract/messages.ts';
import type { ControlClient } from './ask-control.ts';

export interface ResourceFilter {
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
}

/** All resources that fit, however many answers they take. Throws UserError. */
export async function listResources(client: ControlClient, filter: ResourceFilter): Promise<ResourceReply[]> {
  const found: ResourceReply[] = [];
  for (let after: string | undefined; ; ) {
    const body = JSON.stringify({ ...filter, after });
    const { items, next } = await client.ask('resource', 'list', body, listReplySchema);
    found.push(...items);
    if (next === undefined) return found;
    after = next;
  }
}
