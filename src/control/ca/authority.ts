import type { TrustRecord } from '../../contract/certificate-messages.ts';
import { SerialQueue } from '../serial-queue.ts';
import { type AuthorityLinks, recordRootChange } from './authority-links.ts';
import {
  prepareDirectory,
  readFileAuthority,
  readRootIssuer,
  readTrustFile,
  removeRootKey,
  writeRootKey,
  writeTrustFile,
} from './ca-files.ts';
import { type Issuer, makeRootIssuer } from './issuer.ts';
import {
  type Audience,
  applyStep,
  beginRotation,
  FILES_ROTATE,
  nextStep,
  nextVersion,
  type Pace,
  type RotationStep,
} from './rotation.ts';
import type { CertificateSettings, RootAction } from './settings.ts';
import type { StoredTrust } from './trust-store.ts';

/** A phase of a rotation lasts at least this share of a certificate's life, and at most this many ms. */
const SETTLE_SHARE = 0.1;
const LONGEST_SETTLE_MS = 5_000;

/**
 * The certificate authority of one control: which roots are trusted (a record in NATS that every replica shares), and the key to sign with,
 * which lies on this replica's disk or does not. A replica without it answers what is trusted, and signs nothing.
 */
export class Authority {
  readonly settings: CertificateSettings;
  readonly #links: AuthorityLinks;
  #issuer: Issuer | null = null;
  #trust: StoredTrust | null = null;
  /** Records are taken up one at a time: all write the same file. */
  readonly #taking = new SerialQueue();
  #saidKeyless = '';

  constructor(settings: CertificateSettings, links: AuthorityLinks) {
    this.settings = settings;
    this.#links = links;
  }

  /** Throws UserError when the directory or the files cannot be used. */
  async open(): Promise<void> {
    const { source } = this.settings;
    if (source.type === 'own') await prepareDirectory(source.directory);
    else this.#issuer = (await readFileAuthority(source)).issuer;
  }

  /** The key that certificates are signed with now; null: it is on another replica, or there is none yet. */
  get issuer(): Issuer | null {
    return this.#issuer !== null && this.#issuer.root === this.#trust?.record.issuer ? this.#issuer : null;
  }

  /** As the store says now. Rejects when it cannot say, or when there is no root yet. */
  async trust(): Promise<TrustRecord> {
    const stored = await this.#links.store.read();
    if (stored === null) throw new Error('there is no root yet');
    await this.#take(stored);
    return this.#trust?.record ?? stored.record;
  }

  get known(): TrustRecord | null {
    return this.#trust?.record ?? null;
  }

  /** One round: the first root, changes made by other replicas, the next step of a rotation. Rejects when the store does not answer. */
  async tick(): Promise<void> {
    const stored = await this.#links.store.read();
    if (stored === null) return this.#begin();
    await this.#take(stored);
    const known = this.#trust?.record ?? stored.record;
    if (stored.record.version < known.version) return this.#putBack(known, stored.revision);
    const { source } = this.settings;
    if (source.type === 'files') {
      if (this.#links.leads()) await this.#followFiles(source, stored);
    } else if (stored.record.rotation !== null) await this.#advance(stored, false);
    if (this.#links.leads()) this.#complainWithoutKey(stored.record);
  }

  /** Begins a rotation of the root. Throws with a sentence when that makes no sense now. */
  async rotate(author: string): Promise<TrustRecord> {
    const { source, trustDomain } = this.settings;
    if (source.type === 'files') throw new Error(FILES_ROTATE);
    const record = await this.trust();
    if (record.rotation !== null)
      throw new Error('a rotation of the root is under way; towpath cert show tells how far it is');
    if (this.issuer === null) throw new Error('this replica does not have the key of the root');
    const issuer = await makeRootIssuer(trustDomain, this.#links.nowMs());
    await writeRootKey(source.directory, issuer);
    const next = beginRotation(
      record,
      { fingerprint: issuer.root, certificate: issuer.certificate },
      this.#links.nowMs(),
    );
    if (await this.#change('rotate-root', author, next)) return next;
    await removeRootKey(source.directory, issuer.root);
    throw new Error('another control changed the roots at the same time; ask again');
  }

  /** Drops the old root now, without waiting for hosts that are away. Throws with a sentence when live hosts still use it. */
  async finish(author: string): Promise<TrustRecord> {
    await this.trust();
    const stored = this.#trust;
    if (stored === null || stored.record.rotation?.phase !== 'reissue')
      throw new Error('no rotation of the root is so far that its old root could be dropped');
    const step = await this.#advance(stored, true, author);
    if (step?.type !== 'wait') return this.trust();
    if (step.waitingFor.length === 0) throw new Error('the rotation has only just begun; ask again in a few seconds');
    throw new Error(`these live hosts still use the old root: ${step.waitingFor.slice(0, 10).join(', ')}`);
  }

  /** What the rotation of a record waits for; null: none is under way. */
  progress({ version, rotation }: TrustRecord, audience: Audience): RotationStep | null {
    return rotation && nextStep({ version, rotation }, audience, this.#pace(false));
  }

  #pace(finish: boolean): Pace {
    const settleMs = Math.min(LONGEST_SETTLE_MS, this.settings.lifetimeMs * SETTLE_SHARE);
    return { nowMs: this.#links.nowMs(), settleMs, finish };
  }

  async #begin(): Promise<void> {
    const { source, trustDomain } = this.settings;
    const { leads, nowMs, store } = this.#links;
    store.forget();
    this.#trust = null;
    if (source.type === 'files') {
      if (!leads()) return;
      const { issuer, roots } = await readFileAuthority(source);
      const record = { trustDomain, version: nowMs(), roots, issuer: issuer.root, rotation: null };
      await this.#change('create-root', '', record);
      return;
    }
    const kept = await readTrustFile(source.directory);
    if (kept !== null) return this.#putBack(kept, 0);
    if (!leads()) return;
    const issuer = await makeRootIssuer(trustDomain, nowMs());
    await writeRootKey(source.directory, issuer);
    const roots = [{ fingerprint: issuer.root, certificate: issuer.certificate }];
    const record = { trustDomain, version: nowMs(), roots, issuer: issuer.root, rotation: null };
    if (!(await this.#change('create-root', '', record))) await removeRootKey(source.directory, issuer.root);
  }

  /** The store was wiped, or an old backup of it is there: hosts never go back, so it follows what is known. @param over revision of what it replaces */
  async #putBack(known: TrustRecord, over: number): Promise<void> {
    const { logger, nowMs } = this.#links;
    logger.warn({ root: known.issuer }, 'the store has lost the newest roots: putting back what this replica knows');
    await this.#change('restore-root', '', { ...known, version: nextVersion(known, nowMs()) }, over);
  }

  /** The operator exchanges the files while control runs; hosts trust what they say. */
  async #followFiles(source: Parameters<typeof readFileAuthority>[0], { record }: StoredTrust): Promise<void> {
    const { issuer, roots: wanted } = await readFileAuthority(source);
    this.#issuer = issuer;
    const { trustDomain } = this.settings;
    const isSame =
      wanted.map((root) => root.fingerprint).join() === record.roots.map((root) => root.fingerprint).join() &&
      issuer.root === record.issuer &&
      trustDomain === record.trustDomain;
    if (isSame) return;
    const version = nextVersion(record, this.#links.nowMs());
    await this.#change('change-roots', '', {
      trustDomain,
      version,
      roots: wanted,
      issuer: issuer.root,
      rotation: null,
    });
  }

  async #advance({ record }: StoredTrust, finish: boolean, author = ''): Promise<RotationStep | null> {
    const { rotation, version } = record;
    const { source } = this.settings;
    if (rotation === null || source.type !== 'own') return null;
    const next = record.roots.find(({ fingerprint }) => fingerprint === rotation.to);
    // The replica that has the next key carries it through; the store's compare and set decides between two that have it.
    if (next === undefined || (await readRootIssuer(source.directory, next.certificate)) === null) return null;
    const { store, nowMs } = this.#links;
    const step = nextStep({ version, rotation }, await store.audience(), this.#pace(finish));
    if (step.type === 'wait') return step;
    await this.#change(step.type === 'drop' ? 'drop-root' : 'reissue', author, applyStep(record, step.type, nowMs()));
    return step;
  }

  /** Writes a new record over the one that was read last; somebody else's is left alone, and looked at in the next round. */
  async #change(
    action: RootAction,
    author: string,
    record: TrustRecord,
    over: number = this.#trust?.revision ?? 0,
  ): Promise<boolean> {
    const { store, logger, announce } = this.#links;
    if (!(await store.write(record, over))) {
      logger.info({ action }, 'another control changed the roots first');
      return false;
    }
    // It is done, whatever happens to this replica afterwards.
    announce();
    await recordRootChange(this.#links, action, author, record);
    const stored = await store.read();
    if (stored !== null) await this.#take(stored);
    return true;
  }

  /** A record that this replica has not seen: its key is looked for, and what is over is forgotten. */
  async #take(stored: StoredTrust): Promise<void> {
    if (stored.revision !== this.#trust?.revision) await this.#taking.run(() => this.#takeNow(stored));
  }

  async #takeNow(stored: StoredTrust): Promise<void> {
    const { source } = this.settings;
    const { record } = stored;
    const before = this.#trust?.record ?? null;
    // Who waited may hold what another has taken, or something older.
    if (stored.revision === this.#trust?.revision || record.version < (before?.version ?? 0)) return;
    const active = record.roots.find(({ fingerprint }) => fingerprint === record.issuer);
    // Both at once: a request must not meet a record without the key that belongs to it.
    if (source.type === 'own' && active !== undefined)
      this.#issuer = await readRootIssuer(source.directory, active.certificate);
    this.#trust = stored;
    if (source.type !== 'own') return;
    await writeTrustFile(source.directory, record).catch((reason: Error) => {
      const { directory } = source;
      this.#links.logger.warn({ directory, reason: reason.message }, 'the roots could not be written to the disk');
    });
    // Only the end of a rotation takes a key away: a record that lost its roots in another way may have to be put back.
    const over = before?.rotation;
    if (over && record.rotation === null && record.issuer === over.to) {
      await removeRootKey(source.directory, over.from);
    }
  }

  #complainWithoutKey({ issuer }: TrustRecord): void {
    if (this.issuer !== null || this.#saidKeyless === issuer) return;
    this.#saidKeyless = issuer;
    const { source } = this.settings;
    const where = source.type === 'own' ? source.directory : source.key;
    this.#links.logger.warn(
      { root: issuer, where },
      'this control has no key of the root in use: another replica signs; to let this one sign too, copy the directory of the certificate authority to it',
    );
  }
}
