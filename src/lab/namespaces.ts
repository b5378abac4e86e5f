/** Makes and deletes network namespaces with their resolver files, and leaves /run/netns and /etc/netns as they were found. */
import { open, readdir, writeFile } from 'node:fs/promises';
import { UserError } from '../core/errors.ts';
import { type CommandOutcome, runCommand } from '../intercept/run-command.ts';
import type { LabPlan } from './lab-plan.ts';
import { namespacePrefix } from './plan.ts';
import { RESOLVER_FILE, renderHostsFile, type ServiceName } from './render-hosts-file.ts';
import { renderNetwork } from './render-network.ts';

/**
 * flock(1) on this folder: setup commands share it, making and deleting namespaces takes it alone. A command that outlives a
 * killed `lab up` still holds its lock, so `lab down` waits for it instead of overlooking what it is about to make.
 */
const LOCK = '/run/lock';
const RUN_NETNS = '/run/netns';
const ETC_NETNS = '/etc/netns';
/** Files that exist while the folder was made by a lab and not by somebody else; only then is it removed again. */
const MADE_RUN_NETNS = '/run/towpath-lab.made-run-netns';
const MADE_ETC_NETNS = '/run/towpath-lab.made-etc-netns';

const MAKE = `
mountpoint -q ${RUN_NETNS} || : > ${MADE_RUN_NETNS}
[ -e ${ETC_NETNS} ] || : > ${MADE_ETC_NETNS}
for namespace; do mkdir -p ${ETC_NETNS}/$namespace && ip netns add $namespace || exit 1; done`;

/** `ip netns add` mounts /run/netns onto itself and never unmounts it; the kernel refuses to while it holds a namespace. */
const DELETE = `
failed=0
for namespace; do
  rm -rf ${ETC_NETNS}/$namespace
  if [ -e ${RUN_NETNS}/$namespace ]; then ip netns delete $namespace || failed=1; fi
done
if [ -e ${MADE_ETC_NETNS} ] && rmdir ${ETC_NETNS} 2>/dev/null; then rm ${MADE_ETC_NETNS}; fi
if [ -e ${MADE_RUN_NETNS} ] && [ -z "$(ls -A ${RUN_NETNS})" ] && umount ${RUN_NETNS}; then
  rmdir ${RUN_NETNS}; rm ${MADE_RUN_NETNS}
fi
exit $failed`;

/** Makes the namespaces, links, addresses and resolver files of the plan. @throws UserError with what `ip` said. */
export async function makeNamespaces(plan: LabPlan): Promise<void> {
  const namespaces = [plan.bridgeNamespace, ...plan.hosts.map((host) => host.namespace)];
  await lockedScript('make the namespaces', MAKE, namespaces);
  for (const host of plan.hosts) await writeFile(`${ETC_NETNS}/${host.namespace}/resolv.conf`, RESOLVER_FILE);
  await writeHostsFiles(plan, []);
  for (const { namespace, batch } of renderNetwork(plan)) {
    const args = ['--shared', LOCK, 'ip', '-n', namespace, '-batch', '-'];
    refuseFailure(`set up the network of ${namespace}`, await runCommand('flock', args, batch));
  }
}

/** Deletes namespaces and resolver files. Links and rules go with their namespace. @throws UserError when one stays. */
export async function deleteNamespaces(namespaces: readonly string[]): Promise<void> {
  await lockedScript('delete the namespaces', DELETE, namespaces);
}

/** Waits until no setup command of a killed `lab up` is under way any more. */
export async function waitForSetupCommands(): Promise<void> {
  await lockedScript('wait for setup commands', 'true', []);
}

async function lockedScript(purpose: string, script: string, namespaces: readonly string[]): Promise<void> {
  const lock = ['--exclusive', '--timeout', '20', LOCK];
  refuseFailure(purpose, await runCommand('flock', [...lock, 'sh', '-c', script, 'sh', ...namespaces]));
}

function refuseFailure(purpose: string, { exitCode, stderr }: CommandOutcome): void {
  if (exitCode === 0) return;
  const hint = 'the lab needs root, and the Debian packages util-linux and iproute2';
  const said = stderr.trim().split('\n').slice(0, 5).join('; ');
  throw new UserError({ code: 'TWP1203', message: `cannot ${purpose}: ${said || `exit status ${exitCode}`}`, hint });
}

/**
 * Writes every host's /etc/hosts with the services' names. In place: `ip netns exec` binds the file into each program's view,
 * and a renamed file would leave running programs with the old one.
 */
export async function writeHostsFiles(plan: LabPlan, services: readonly ServiceName[]): Promise<void> {
  for (const host of plan.hosts) {
    const file = await open(`${ETC_NETNS}/${host.namespace}/hosts`, 'a');
    try {
      await file.truncate(0);
      await file.write(renderHostsFile(plan, host, services));
    } finally {
      await file.close();
    }
  }
}

/** Names of all existing namespaces of the lab, those of a forgotten plan too. */
export async function listNamespaces(lab: string): Promise<string[]> {
  const prefix = namespacePrefix(lab);
  const names = new Set([...(await namesIn(RUN_NETNS)), ...(await namesIn(ETC_NETNS))]);
  return [...names].filter((name) => `${name}.` === prefix || name.startsWith(prefix)).sort();
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
