/** The configuration file of nats-server for a secured mesh. Pure. */
import type { MeshSecrets } from './mesh-secrets.ts';

export interface NatsPlace {
  /** Address to bind; `::` is all, IPv4 too. */
  readonly listen: string;
  readonly port: number;
  /** Where JetStream and the accounts are kept. */
  readonly dataDirectory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Runs on nats-server 2.9.10 and later. The tokens in it are public. */
export function renderNatsConfig(mesh: string, place: NatsPlace, secrets: MeshSecrets): string {
  const { system, mesh: store, agents, join } = secrets.accounts;
  const quote = (text: string): string => JSON.stringify(text);
  const preload = [system, store, agents, join].map(({ key, token }) => `  ${key.publicKey}: ${token}`);
  return `# Made by "towpath control init". One nats-server for the mesh ${mesh}: TLS, and nobody gets in without credentials.
server_name: ${quote(`towpath-${mesh}`)}
host: ${quote(place.listen)}
port: ${place.port}
max_connections: 65536
# Many agents reconnect at once after a restart: the default of 2 s is too short for them.
authorization { timeout: 10 }
tls {
  cert_file: ${quote(place.certificateFile)}
  key_file: ${quote(place.keyFile)}
  timeout: 10
}
jetstream {
  store_dir: ${quote(`${place.dataDirectory}/jetstream`)}
  max_memory_store: 256MB
  max_file_store: 4GB
}
operator: ${secrets.operatorToken}
system_account: ${system.key.publicKey}
resolver { type: full, dir: ${quote(`${place.dataDirectory}/accounts`)}, allow_delete: false, interval: "2m" }
resolver_preload {
${preload.join('\n')}
}
`;
}
