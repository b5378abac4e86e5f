/** Tells nats-server that a user's credentials are no good any more: the token of the account of the agents, with a revocation more. */
import { readFile } from 'node:fs/promises';
import { BusError } from '../../contract/bus-types.ts';
import { publicKeyOf, withRevocation } from '../../contract/nats-jwt.ts';
import { connectOnce } from '../../contract/open-bus.ts';
import { UserError } from '../../core/errors.ts';

const DIAL_MS = 5_000;
const ANSWER_MS = 5_000;

export interface Reach {
  readonly servers: readonly string[];
  readonly caFile: string | null;
  readonly allowOpen: boolean;
}

/** @throws UserError when the keys are not there, or the server does not take it. */
export async function revokeUser(
  { servers, caFile, allowOpen }: Reach,
  keys: string,
  publicKey: string,
): Promise<void> {
  const operatorSeed = await readSeed(`${keys}/operator.nk`);
  const account = publicKeyOf(await readSeed(`${keys}/account-agents.nk`));
  const settings = { servers, caFile, allowOpen, name: 'cli/revoke', inboxId: 'revoke', reads: 'direct' } as const;
  try {
    const bus = await connectOnce({ ...settings, credentialsFile: `${keys}/system.creds` }, DIAL_MS);
    try {
      const current = await bus.request(`$SYS.REQ.ACCOUNT.${account}.CLAIMS.LOOKUP`, '', ANSWER_MS);
      const token = await withRevocation(current.text(), publicKey, Date.now(), operatorSeed);
      const reply = await bus.request('$SYS.REQ.CLAIMS.UPDATE', token, ANSWER_MS);
      if (!/"code":\s*200/.test(reply.text())) throw new BusError('other', reply.text().slice(0, 500));
    } finally {
      await bus.close();
    }
  } catch (cause) {
    const message = `nats-server did not take the revocation: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new UserError({ code: 'TWP2905', message, hint: 'repeat the command; until then the credentials are good' });
  }
}

async function readSeed(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: Error) => {
    const hint = 'name the folder with --keys; until NATS is told, the credentials are good until they expire';
    throw new UserError({ code: 'TWP2905', message: `the keys of the mesh are needed: ${error.message}`, hint });
  });
}
