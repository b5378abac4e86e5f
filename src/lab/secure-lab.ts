/** `secured: true`: the lab's mesh has keys of its own, and each host joins it as a real one would. */
import { UserError } from '../core/errors.ts';
import { type CommandOutcome, runCommand } from '../intercept/run-command.ts';
import { runTowpath } from './apply-resources.ts';
import { commandInHost } from './host-command.ts';
import { findHost, type HostPlan, type LabPlan, type TowpathCommand } from './lab-plan.ts';
import { NATS_PORT, stateOf } from './own-programs.ts';

/** @throws UserError when the files cannot be written. */
export async function makeSecuredMesh(plan: LabPlan, folder: string): Promise<void> {
  const control = plan.control === null ? null : findHost(plan, plan.control);
  const addresses = [control?.ipv4?.address, control?.ipv6?.address].filter((address) => address !== undefined);
  const [{ writeMesh }, { makeMeshSecrets }, { makeServerCertificate }] = await Promise.all([
    import('../control/secure/write-mesh.ts'),
    import('../control/secure/mesh-secrets.ts'),
    import('../control/secure/server-certificate.ts'),
  ]);
  const names = [...addresses, '127.0.0.1', '::1', 'localhost'];
  await writeMesh(
    {
      directory: folder,
      mesh: plan.mesh,
      listen: '::',
      port: NATS_PORT,
      dataDirectory: `${folder}/data`,
      servers: addresses.map((address) => `tls://${address.includes(':') ? `[${address}]` : address}:${NATS_PORT}`),
      localServer: `tls://127.0.0.1:${NATS_PORT}`,
      natsOwner: null,
    },
    await makeMeshSecrets(plan.mesh),
    await makeServerCertificate(plan.mesh, names, Date.now()),
  );
}

/** Each host with an agent that follows control: a token on the control host, used on that one. @throws UserError with the command's own words. */
export async function joinHosts(plan: LabPlan, towpath: TowpathCommand): Promise<void> {
  const members = plan.hosts.filter((host) => host.programs.some(followsControl));
  await Promise.all(members.map((host) => joinHost(plan, towpath, host)));
}

function followsControl({ stage, command }: HostPlan['programs'][number]): boolean {
  return stage === 'agent' && !command.includes('--standalone');
}

async function joinHost(plan: LabPlan, towpath: TowpathCommand, host: HostPlan): Promise<void> {
  const made = await runTowpath(plan, towpath, ['join-token', 'create', '--for', host.name, '--identity', '*'], '');
  refuseFailure(`make a token for ${host.name}`, made);
  const places = ['--config', `${host.folder}/joined.yaml`, '--state', stateOf(host)];
  const [file, ...args] = commandInHost(host, [...towpath, 'agent', 'join', '-', ...places], null);
  refuseFailure(`join ${host.name}`, await runCommand(file, args, made.stdout));
}

function refuseFailure(purpose: string, { exitCode, stderr }: CommandOutcome): void {
  if (exitCode === 0) return;
  throw new UserError({ code: 'TWP1212', message: `cannot ${purpose}: ${stderr.trim() || `exit status ${exitCode}`}` });
}
