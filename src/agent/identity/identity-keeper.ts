import type { TrustReply, TrustRequest } from '../../contract/certificate-messages.ts';
import { acquireIdentity } from './acquire-identity.ts';
import { loadIdentities, saveIdentities } from './identity-files.ts';
import { describeHeld, type IdentityStatus } from './identity-status.ts';
import { IdentityTable, type Kept, toWorkloadIdentity } from './identity-table.ts';
import type { CertificateClient, KeeperLinks } from './keeper-links.ts';
import { retryDelayMs } from './renewal.ts';

/** Timers do not reach further (2^31 ms), and clocks are set. */
const LONGEST_SLEEP_MS = 60 * 60 * 1000;
const SHORTEST_SLEEP_MS = 50;

/**
 * The identities of this host: made, renewed at half-life, kept on disk, handed to the data threads, and dropped when they end.
 * Nothing here waits for control: what was on disk is in force at once, and stays so while control is away.
 */
export class IdentityKeeper {
  readonly #links: KeeperLinks;
  readonly #table: IdentityTable;
  #client: CertificateClient | null = null;
  #inForce = '';
  #problem: string | null = null;
  #tries = 0;
  #renewals = 0;
  #failures = 0;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  readonly #saidEnded = new Set<Kept>();

  constructor(links: KeeperLinks) {
    this.#links = links;
    this.#table = new IdentityTable(links.wanted);
  }

  /** Puts in force what an earlier run has left on disk. Never rejects for a file that cannot be used. */
  async load(): Promise<void> {
    const { stateDirectory, mesh, logger, random } = this.#links;
    const file = await loadIdentities(stateDirectory, mesh, (sentence) => logger.warn(sentence));
    if (file === null) return;
    this.#table.restore(file.trust, file.identities, random);
    await this.#applyChange();
    this.#schedule();
  }

  /** From now on control can be asked. */
  follow(client: CertificateClient): void {
    this.#client = client;
    this.wake();
  }

  /** Control may have something new, or is there again. */
  wake(): void {
    if (this.#stopped || this.#client === null) return;
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = null;
    });
  }

  /** New certificates for all identities; resolves when they are in force. Rejects with a sentence when they could not be had. */
  async renew(): Promise<void> {
    this.#table.renewAll = true;
    this.wake();
    await this.#running;
    if (this.#problem !== null) throw new Error(this.#problem);
    if (this.#table.renewAll) throw new Error('control cannot be asked now');
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** The SPIFFE ID for which this host holds a certificate that is good now. */
  identityOf(namespace: string, account: string): string | undefined {
    const held = this.#table.held({ namespace, account });
    return held !== null && this.#table.isGood(held, this.#links.nowMs()) ? held.spiffeId : undefined;
  }

  status(): IdentityStatus {
    const table = this.#table;
    const pairs = table.wanted.map((wanted) => ({ wanted, held: table.held(wanted) }));
    const counts = { renewals: this.#renewals, failures: this.#failures };
    return { ...describeHeld(table.trust, pairs, this.#problem, this.#links.nowMs()), ...counts };
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#round();
    }
  }

  async #round(): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    try {
      this.#takeTrust(await client.trust(this.#report()));
      await this.#renewDue(client);
      this.#succeeded();
    } catch (cause) {
      this.#failed(cause instanceof Error ? cause.message : String(cause));
    }
    // Said at once: a rotation of the root waits for it.
    if (await this.#applyChange()) {
      const told = client.trust(this.#report()).then((reply) => this.#takeTrust(reply));
      await told.catch(() => undefined);
    }
    this.#schedule();
  }

  /** Rejects with the first failure, after all were tried: one identity that is refused keeps no other from being renewed. */
  async #renewDue(client: CertificateClient): Promise<void> {
    const { nowMs, random, logger } = this.#links;
    let failure: unknown = null;
    for (const wanted of this.#table.wanted) {
      const { trust } = this.#table;
      if (this.#stopped || trust === null || this.#table.dueAtMs(wanted) > nowMs()) continue;
      try {
        const { held, trust: newest } = await acquireIdentity(client, wanted, trust, nowMs);
        this.#takeTrust({ trust: newest, spreadMs: 0 });
        this.#table.keep(held, random());
        this.#renewals++;
        logger.info({ spiffeId: held.spiffeId, until: iso(held.notAfterMs) }, 'a certificate was issued');
      } catch (cause) {
        this.#failures++;
        failure ??= cause;
      }
    }
    if (failure !== null) throw failure;
    this.#table.renewAll = false;
  }

  #takeTrust({ trust, spreadMs }: TrustReply): void {
    const { logger, nowMs, random } = this.#links;
    const outcome = this.#table.takeTrust({ trust }, nowMs(), random() * spreadMs);
    const { version, roots, trustDomain } = trust;
    if (outcome === 'older') logger.warn({ version }, 'control went back to older roots, which is not followed');
    if (outcome === 'newer') logger.info({ version, roots: roots.length, trustDomain }, 'the trusted roots changed');
  }

  #report(): TrustRequest {
    return this.#table.report(this.#links.nowMs(), this.#problem);
  }

  /** Saves the set and hands it over, when it is another one than before. True when it was. */
  async #applyChange(): Promise<boolean> {
    const { trust } = this.#table;
    if (trust === null) return false;
    const { apply, assignments, changed, logger, nowMs } = this.#links;
    const good = this.#table.good(nowMs());
    this.#sayEnded();
    const key = `${trust.version} ${good.map(({ chain }) => chain).join()}`;
    if (key === this.#inForce) return false;
    await this.#save();
    const { trustDomain } = trust;
    const roots = trust.roots.map(({ certificate }) => certificate).join('');
    const identities = good.map(toWorkloadIdentity);
    try {
      await apply({ trustDomain, roots, identities, assignments: assignments(trustDomain) });
    } catch (cause) {
      logger.error({ reason: String(cause) }, 'certificates could not be put in force');
      return false;
    }
    this.#inForce = key;
    changed();
    return true;
  }

  /** A disk that is full or read-only keeps no certificate from being used. */
  async #save(): Promise<void> {
    const { stateDirectory, mesh, logger } = this.#links;
    const identities = this.#table.all().map(({ renewAtMs: _, ...held }) => held);
    await saveIdentities(stateDirectory, { mesh, trust: this.#table.trust, identities }).catch((error: Error) => {
      const message = 'certificates could not be saved: after a restart new ones are needed';
      logger.error({ reason: error.message, stateDirectory }, message);
    });
  }

  #sayEnded(): void {
    const now = this.#links.nowMs();
    for (const held of this.#table.all()) {
      if (held.notAfterMs > now || this.#saidEnded.has(held)) continue;
      this.#saidEnded.add(held);
      const reason = this.#problem ?? 'control was not asked yet';
      this.#links.logger.error(
        { spiffeId: held.spiffeId, ended: iso(held.notAfterMs), reason },
        'a certificate has ended and could not be renewed: connections that need it are refused until there is a new one',
      );
    }
  }

  #succeeded(): void {
    if (this.#problem !== null) this.#links.logger.info('control gives certificates again');
    this.#problem = null;
    this.#tries = 0;
  }

  #failed(reason: string): void {
    this.#tries++;
    // Without a connection the link has said so already.
    const level = this.#client?.connected && this.#problem !== reason ? 'warn' : 'debug';
    this.#links.logger[level]({ reason }, 'control gave no certificate; trying again');
    this.#problem = reason;
  }

  /** The next round: when something is due or ends, or some time after a failure. */
  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#stopped) return;
    const { nowMs, random } = this.#links;
    const end = this.#table.nextEndMs(nowMs());
    const retry = retryDelayMs(Math.max(1, this.#tries), end, random());
    const wait =
      this.#problem === null ? this.#table.nextEventMs(nowMs(), LONGEST_SLEEP_MS) : Math.min(retry, end ?? retry);
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(SHORTEST_SLEEP_MS, wait));
    this.#timer.unref();
  }

  #onTimer(): void {
    if (this.#client !== null) return this.wake();
    void this.#applyChange().then(() => this.#schedule());
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
