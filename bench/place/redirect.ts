/** The peers stand behind the same kind of rule as Towpath. */
import { execFileSync } from 'node:child_process';
import type { ProxyName } from '../subjects/subject.ts';
import { type Door, listenPort, virtualAddress } from './addresses.ts';

/** Leads what is dialled to the peer's listener; behind Towpath's own jump, which passes over what is not meant for it. */
export function redirect(proxy: ProxyName, doors: readonly Door[]): void {
  for (const door of doors) {
    const { address, port } = virtualAddress(proxy, door);
    const rule = `-t nat -A OUTPUT -p tcp -d ${address} --dport ${port} -j REDIRECT --to-ports ${listenPort(proxy, door)}`;
    execFileSync('iptables', rule.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
