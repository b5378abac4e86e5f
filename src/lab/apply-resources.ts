/** Applies resource files through the lab's own `towpath apply`, and makes the services' names resolve. */
import { UserError } from '../core/errors.ts';
import { z } from '../core/schema.ts';
import { type CommandOutcome, runCommand } from '../intercept/run-command.ts';
import { commandInHost } from './host-command.ts';
import { findHost, type HostPlan, type LabPlan, type TowpathCommand } from './lab-plan.ts';
import { writeHostsFiles } from './namespaces.ts';
import { clientEnvironment } from './own-programs.ts';
import type { ServiceName } from './render-hosts-file.ts';

/** Applies each file and waits until every interested agent runs it. @throws UserError with the command's own words. */
export async function applyResources(plan: LabPlan, towpath: TowpathCommand, files: readonly string[]): Promise<void> {
  for (const file of files) {
    refuseFailure(`apply ${file}`, await runTowpath(plan, towpath, ['apply', '-f', file, '--wait'], ''));
  }
}

/** The same for YAML text. */
export async function applyText(plan: LabPlan, towpath: TowpathCommand, text: string): Promise<void> {
  refuseFailure('apply the resources', await runTowpath(plan, towpath, ['apply', '-f', '-', '--wait'], text));
}

/** Writes the services' virtual IPs, as control knows them, into every host's /etc/hosts. */
export async function publishServiceNames(plan: LabPlan, towpath: TowpathCommand): Promise<ServiceName[]> {
  const outcome = await runTowpath(plan, towpath, ['get', 'service', '-o', 'json'], '');
  refuseFailure('list the services', outcome);
  const services = decodeServices(outcome.stdout);
  await writeHostsFiles(plan, services);
  return services;
}

const serviceSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({ clusterIPs: z.array(z.string()).default([]) }),
});

/** Names and virtual IPs out of the JSON list of `towpath get service`. */
export function decodeServices(text: string): ServiceName[] {
  const list = z.object({ items: z.array(serviceSchema) }).safeParse(JSON.parse(text));
  if (!list.success) throw new UserError({ code: 'TWP1209', message: `towpath get service: ${list.error.message}` });
  return list.data.items.map(({ metadata, spec }) => ({ ...metadata, virtualIps: spec.clusterIPs }));
}

/** Runs `towpath ...` on the control host. */
export async function runTowpath(
  plan: LabPlan,
  towpath: TowpathCommand,
  args: readonly string[],
  input: string,
): Promise<CommandOutcome> {
  const control = controlHost(plan);
  const env = Object.entries(clientEnvironment(plan.mesh, null, plan.securedFolder)).map(
    ([name, value]) => `${name}=${value}`,
  );
  const [file, ...rest] = commandInHost(control, ['env', ...env, ...towpath, ...args], null);
  return runCommand(file, rest, input);
}

function controlHost(plan: LabPlan): HostPlan {
  const control = plan.control === null ? null : findHost(plan, plan.control);
  if (control !== null) return control;
  throw new UserError({ code: 'TWP1209', message: `the lab "${plan.name}" has no control host` });
}

function refuseFailure(purpose: string, { exitCode, stdout, stderr }: CommandOutcome): void {
  if (exitCode === 0) return;
  const said = `${stderr.trim()}\n${stdout.trim()}`.trim();
  throw new UserError({ code: 'TWP1209', message: `cannot ${purpose}: ${said || `exit status ${exitCode}`}` });
}
