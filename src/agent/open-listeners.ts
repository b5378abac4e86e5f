/** The listening sockets of one data thread: outbound, inbound and explicit, IPv4 and IPv6. */
import type { ProgramListener } from '../config/program-listeners.ts';
import { UserError } from '../core/errors.ts';
import type { ThreadListener } from '../proxy/thread-start.ts';
import type { Kernel } from '../reactor/kernel.ts';
import { openListener } from '../reactor/listen.ts';
import { parseSockAddr } from '../reactor/socket-address.ts';

export interface ListenerSettings {
  /** Number of data threads: several share each port (SO_REUSEPORT). */
  readonly count: number;
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** On loopback only; null = no explicit mode. */
  readonly explicitPort: number | null;
  readonly ipv6: boolean;
  /** Further outbound listeners, for programs of workloads with an identity of their own. */
  readonly programs: readonly ProgramListener[];
}

/**
 * Opens the sockets and adds each to `opened` as soon as it exists, so that the caller can close them after a failure.
 * @throws UserError naming the port and its setting when another program has it
 */
export function openListeners(kernel: Kernel, settings: ListenerSettings, opened: ThreadListener[]): void {
  const { outboundPort, inboundPort, explicitPort, ipv6, count, programs } = settings;
  const sides = [
    ['outbound', outboundPort, '0.0.0.0', '::'],
    ['inbound', inboundPort, '0.0.0.0', '::'],
    ['explicit', explicitPort, '127.0.0.1', '::1'],
  ] as const;
  for (const [side, port, ipv4Address, ipv6Address] of sides) {
    if (port === null) continue;
    opened.push({ fd: listen(kernel, ipv4Address, port, side, count > 1), family: 4, side });
    if (ipv6) opened.push({ fd: listen(kernel, ipv6Address, port, side, count > 1), family: 6, side });
  }
  for (const { port, namespace, account } of programs) {
    const caller = { namespace, account };
    opened.push({ fd: listen(kernel, '0.0.0.0', port, 'programs', count > 1), family: 4, side: 'outbound', caller });
    if (ipv6)
      opened.push({ fd: listen(kernel, '::', port, 'programs', count > 1), family: 6, side: 'outbound', caller });
  }
}

function listen(
  kernel: Kernel,
  ip: string,
  port: number,
  side: ThreadListener['side'] | 'programs',
  shared: boolean,
): number {
  const address = parseSockAddr(ip, port);
  if (address === null) throw new Error(`${ip} is not an address`);
  const listener = openListener(kernel, address, shared);
  if (listener.ok) return listener.fd;
  throw new UserError({
    code: 'TWP0212',
    message: listener.clash ? `port ${port} is already in use by another program` : listener.sentence,
    path: `ports.${side}`,
    hint: `stop the other program, or set ports.${side} to a free port${side === 'explicit' ? ' or to "off"' : ''}`,
  });
}
