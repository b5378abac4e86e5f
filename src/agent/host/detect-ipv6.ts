/** Whether this host speaks IPv6 at all: the default `interception.ipv6: auto`. */
import { readFileSync } from 'node:fs';
import type { InterceptionConfig } from '../../config/agent-config.ts';

/** Each interface with an IPv6 address is a line; the file is absent when the kernel has no IPv6. */
const ADDRESSES = '/proc/net/if_inet6';

/** Read at start; an interface that gets its first IPv6 address later has `::1` on lo beside it already. */
export function detectIpv6(setting: InterceptionConfig['ipv6']): boolean {
  if (setting !== 'auto') return setting === 'on';
  try {
    return readFileSync(ADDRESSES, 'utf8').trim() !== '';
  } catch {
    return false;
  }
}
