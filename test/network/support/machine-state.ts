/** What a lab could leave behind on the machine, as text that can be compared before and after. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { runCommand } from '../../../src/intercept/run-command.ts';

/** Traces of labs called `name`, and this machine's own links and addresses, which no lab may touch. */
export async function machineTraces(name: string): Promise<Record<string, readonly string[]>> {
  const mine = (folder: string): string[] => {
    const entries = existsSync(folder) ? readdirSync(folder) : [];
    return entries.filter((entry) => entry === `towpath.${name}` || entry.startsWith(`towpath.${name}.`));
  };
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const { stdout: links } = await runCommand('ip', ['-o', 'address']);
  const { stdout: rules } = await runCommand('iptables-save', []);
  return {
    namespaces: mine('/run/netns'),
    resolvers: mine('/etc/netns'),
    mounts: mounts.filter((line) => line.includes(`towpath.${name}.`)),
    folder: existsSync(`/run/towpath-lab/${name}`) ? [name] : [],
    processes: processesMentioning(`/run/towpath-lab/${name}/`),
    links: links.split('\n').map((line) => line.replace(/(valid|preferred)_lft \S+/g, '')),
    rules: rules.split('\n').filter((line) => !line.startsWith('#')),
  };
}

/** Programs of a lab run in its folder. */
function processesMentioning(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(`HOME=${folder}`);
    } catch {
      return false;
    }
  });
}
