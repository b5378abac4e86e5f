/** Files or control: prepares the source of views, and what is known from an earlier run. */
import { accessSync, constants } from 'node:fs';
import type { AgentConfig } from '../config/agent-config.ts';
import { UserError } from '../core/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AgentOptions } from './agent-options.ts';
import { type ControlLinkHandlers, DEFAULT_LEASE_RENEW_MS, DEFAULT_RECHECK_MS } from './control-types.ts';
import { LinkSource } from './link-source.ts';
import { FileSource } from './standalone/file-source.ts';
import type { ViewSource } from './view-source.ts';
import { loadSnapshot, prepareStateDirectory } from './views/snapshot-files.ts';
import { ViewSaver } from './views/view-saver.ts';
import type { ViewSnapshot, ViewStore } from './views/view-store.ts';

export interface ChosenSource {
  readonly source: ViewSource;
  /** Views of an earlier run, to be put in force before anything else. */
  readonly held: ViewSnapshot;
  /** null: there is nothing to save. */
  readonly saver: ViewSaver | null;
}

/** @throws UserError when files cannot be obeyed, or the state directory or the credentials file cannot be used. */
export async function chooseSource(
  options: AgentOptions,
  handlers: ControlLinkHandlers,
  store: ViewStore,
  logger: Logger,
): Promise<ChosenSource> {
  const { config, standalone, version } = options;
  if (standalone !== null) {
    if (config.accessLog.stream)
      throw new UserError({
        code: 'TWP2405',
        path: 'accessLog.stream',
        message: 'an agent without control has no NATS to log into: use accessLog.file',
      });
    const source = new FileSource({ paths: standalone, host: config.host }, logger);
    await source.load();
    return { source, held: { directory: null, services: [] }, saver: null };
  }
  checkCredentials(config);
  await prepareStateDirectory(config.stateDirectory);
  const held = await recall(config, logger);
  const settings = {
    servers: config.nats.servers,
    mesh: config.mesh,
    host: config.host,
    version,
    credentialsFile: config.nats.credentialsFile,
    caFile: config.nats.caFile,
    allowOpen: config.nats.allowOpen,
    leaseRenewMs: DEFAULT_LEASE_RENEW_MS,
    recheckMs: DEFAULT_RECHECK_MS,
  };
  const source = new LinkSource(settings, handlers, held, logger);
  return { source, held, saver: new ViewSaver(config.stateDirectory, config.mesh, () => store.snapshot(), logger) };
}

async function recall({ stateDirectory, mesh }: AgentConfig, logger: Logger): Promise<ViewSnapshot> {
  const { snapshot, warnings } = await loadSnapshot(stateDirectory, mesh);
  for (const warning of warnings) logger.warn(warning);
  if (snapshot === null) {
    logger.info({ stateDirectory }, 'there are no last-known-good views; all come from control');
    return { directory: null, services: [] };
  }
  logger.info({ services: snapshot.services.length, stateDirectory }, 'the last-known-good views are in force');
  return snapshot;
}

function checkCredentials({ nats }: AgentConfig): void {
  if (nats.credentialsFile === null) return;
  try {
    accessSync(nats.credentialsFile, constants.R_OK);
  } catch (error) {
    const message = `the credentials file cannot be read: ${(error as Error).message}`;
    throw new UserError({ code: 'TWP2402', path: 'nats.credentialsFile', message });
  }
}
