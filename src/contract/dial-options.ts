/** How the client is told to dial. Its defaults give up after ten attempts and after two refusals. */
import { readFileSync } from 'node:fs';
import { credsAuthenticator, type DialOptions, type NodeConnectionOptions } from './bus.ts';
import type { BusSettings } from './bus-types.ts';
import { asksForTls, identityCheck } from './vet-server.ts';

/** @param delayMs the pause before the next attempt */
export function dialOptions(settings: BusSettings, delayMs: () => number, vet: DialOptions['vet']): DialOptions {
  const { servers, name, inboxId } = settings;
  return {
    servers: [...servers],
    name,
    inboxPrefix: `_INBOX.${inboxId}`,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    pingInterval: 15_000,
    maxPingOut: 2,
    noAsyncTraces: true,
    reconnectDelayHandler: delayMs,
    ...authenticationOf(settings),
    ...tlsOf(settings),
    vet,
  };
}

function authenticationOf({ credentialsFile, credentials }: BusSettings): NodeConnectionOptions {
  if (credentials !== undefined) return { authenticator: credsAuthenticator(Buffer.from(credentials)) };
  return credentialsFile === null ? {} : { authenticator: credsAuthenticator(() => readFileSync(credentialsFile)) };
}

/** With a CA of their own the servers are trusted by it alone; `tls://` without one means the system's. */
function tlsOf({ servers, caFile, ca }: BusSettings): NodeConnectionOptions {
  const file = caFile ?? null;
  if (file === null && ca === undefined && !asksForTls(servers)) return {};
  const trust = ca === undefined ? (file === null ? {} : { caFile: file }) : { ca };
  return { tls: { ...trust, ...{ checkServerIdentity: identityCheck(servers) } } };
}
