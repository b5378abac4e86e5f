/** The local rate limits of a rule of a route, where requests leave a host. */
import type { MessageHead } from '../codec/message-head.ts';
import type { Context } from '../context.ts';
import type { CompiledLimit } from './compiled-limit.ts';
import type { Refusal } from './limit-verdict.ts';

/** null: there is room for the request that is being decided on, and it is counted. */
export function limitRoute(
  { rateLimits, asked }: Context,
  rules: readonly CompiledLimit[],
  head: MessageHead,
  bytes: Buffer,
): Refusal | null {
  const verdict = rateLimits.ask(rules, { client: asked.client, peerPrincipal: null, head, bytes });
  // Local limits hold nobody.
  return verdict?.type === 'refused' ? verdict.refusal : null;
}
