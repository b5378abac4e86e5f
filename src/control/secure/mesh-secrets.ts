/** Every key and token of a new secured mesh, made in memory. */
import {
  agentsAccount,
  agentTemplate,
  joinAccount,
  joinTemplate,
  meshAccount,
  systemAccount,
} from '../../contract/mesh-accounts.ts';
import {
  type AccountClaims,
  accountToken,
  accountUserToken,
  formatCredentials,
  makeKey,
  type NatsKey,
  operatorToken,
  scopedSigner,
} from '../../contract/nats-jwt.ts';
import { subjectsOf } from '../../contract/subjects.ts';

export interface NamedAccount {
  readonly key: NatsKey;
  readonly token: string;
}

export interface MeshSecrets {
  readonly operator: NatsKey;
  readonly operatorToken: string;
  readonly accounts: Readonly<Record<'system' | 'mesh' | 'agents' | 'join', NamedAccount>>;
  /** Control's: what it signs with them cannot exceed their templates. */
  readonly signers: { readonly agents: NatsKey; readonly join: NatsKey };
  /** Texts of `.creds` files. */
  readonly credentials: Readonly<Record<'system' | 'control' | 'admin', string>>;
}

const MIB = 1024 * 1024;
/** Of the account of the mesh; the server's own limits may be lower. */
const STORAGE = { memoryBytes: 256 * MIB, fileBytes: 4096 * MIB };

export async function makeMeshSecrets(mesh: string): Promise<MeshSecrets> {
  const operator = makeKey('operator');
  const keys = {
    system: makeKey('account'),
    mesh: makeKey('account'),
    agents: makeKey('account'),
    join: makeKey('account'),
  };
  const signers = { agents: makeKey('account'), join: makeKey('account') };
  return {
    operator,
    operatorToken: await operatorToken(`towpath-${mesh}`, operator, keys.system.publicKey),
    accounts: await signAccounts(mesh, operator, keys, signers),
    signers,
    credentials: {
      system: await credentialsFor('system', keys.system),
      control: await credentialsFor('control', keys.mesh),
      admin: await credentialsFor('admin', keys.mesh),
    },
  };
}

type AccountName = keyof MeshSecrets['accounts'];

async function signAccounts(
  mesh: string,
  operator: NatsKey,
  keys: Readonly<Record<AccountName, NatsKey>>,
  signers: MeshSecrets['signers'],
): Promise<MeshSecrets['accounts']> {
  const subjects = subjectsOf(mesh);
  const publicKeys = { mesh: keys.mesh.publicKey, agents: keys.agents.publicKey, join: keys.join.publicKey };
  const agents = scopedSigner(signers.agents.publicKey, 'agent', agentTemplate(subjects));
  const join = scopedSigner(signers.join.publicKey, 'join', joinTemplate(subjects));
  const signed = async (name: AccountName, claims: AccountClaims): Promise<NamedAccount> => ({
    key: keys[name],
    token: await accountToken(`towpath-${mesh}-${name}`, keys[name].publicKey, claims, operator.seed),
  });
  return {
    system: await signed('system', systemAccount()),
    mesh: await signed('mesh', meshAccount(subjects, publicKeys, STORAGE)),
    agents: await signed('agents', agentsAccount(subjects, publicKeys, agents)),
    join: await signed('join', joinAccount(subjects, publicKeys, join)),
  };
}

/** A new user with every right in an account. */
export async function credentialsFor(name: string, account: NatsKey): Promise<string> {
  const user = makeKey('user');
  return formatCredentials(await accountUserToken(name, user.publicKey, account), user.seed);
}
