/** Turns a command into one that runs inside a lab host. Pure. */
import type { HostPlan } from './lab-plan.ts';

/**
 * `ip netns exec` enters the network namespace and binds the host's own /etc/hosts and /etc/resolv.conf, in a mount namespace
 * that ends with the command; then it becomes the command, so the pid stays the same. `user` null = stay root.
 */
export function commandInHost(
  host: HostPlan,
  command: readonly string[],
  user: string | null,
): [file: string, ...args: string[]] {
  const become = user === null ? [] : ['setpriv', '--reuid', user, '--regid', user, '--init-groups', '--'];
  return ['ip', 'netns', 'exec', host.namespace, ...become, ...command];
}
