/** What the keeper of this host's identities needs of the rest of the agent. */
import type { SignReply, SignRequest, TrustReply, TrustRequest } from '../../contract/certificate-messages.ts';
import type { IdentityAssignment, IdentitySet } from '../../contract/identity.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { WantedIdentity } from './wanted-identities.ts';

/** Asks control. Both requests reject with one sentence. */
export interface CertificateClient {
  /** False: there is nobody to ask now. */
  readonly connected: boolean;
  trust(report: TrustRequest): Promise<TrustReply>;
  sign(request: SignRequest): Promise<SignReply>;
}

export interface KeeperLinks {
  readonly stateDirectory: string;
  readonly mesh: string;
  readonly wanted: readonly WantedIdentity[];
  readonly assignments: (trustDomain: string) => readonly IdentityAssignment[];
  /** Puts a set in force; resolves when every data thread has it. */
  readonly apply: (set: IdentitySet) => Promise<void>;
  /** What `identityOf` answers has changed. */
  readonly changed: () => void;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly logger: Logger;
}
