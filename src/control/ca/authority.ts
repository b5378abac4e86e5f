import type { TrustRecord } from '../../contract/certificate-messages.ts';
import type { AuthorityLinks } from './authority-links.ts';
import {
  prepareDirectory,
  readFileAuthority,
  readRootIssuer,
  readTrustFile,
  removeRootKey,
  writeRootKey,
  writeTrustFile,
} from './ca-files.ts';
import { fingerprintOf } from './certificate.ts';
import { type Issuer, makeRootIssuer } from './issuer.ts';
import { applyStep, beginRotation, nextStep, nextVersion, type Pace, type RotationStep } from './rotation.ts';
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
    if (stored.revision !== this.#trust?.revision) await this.#take(stored);
    return stored.record;
  }

  get known(): TrustRecord | null {
    return this.#trust?.record ?? null;
  }

  /** One round: the first root, changes made by other replicas, the next step of a rotation. Rejects when the store does not answer. */
  async tick(): Promise<void> {
    const stored = await this.#links.store.read();
    if (stored === null) return this.#begin();
    if (stored.revision !== this.#trust?.revision) await this.#take(stored);
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

  /** What the rotation waits for; null: none is under way. */
  async progress(): Promise<RotationStep | null> {
    const record = await this.trust();
    const { rotation } = record;
    if (rotation === null) return null;
    const { store } = this.#links;
    const audience = { reports: await store.reports(), live: await store.live() };
    return nextStep({ version: record.version, rotation }, audience, this.#pace(false));
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
      const authority = await readFileAuthority(source);
      const roots = authority.roots.map(toRoot);
      const record = { trustDomain, version: nowMs(), roots, issuer: authority.issuer.root, rotation: null };
      await this.#change('create-root', '', record);
      return;
    }
    const kept = await readTrustFile(source.directory);
    if (kept !== null) {
      this.#links.logger.warn(
        { root: kept.issuer },
        'the store has lost the roots: putting back what this replica knows',
      );
      await this.#change('restore-root', '', { ...kept, version: nextVersion(kept, nowMs()) });
      return;
    }
    if (!leads()) return;
    const issuer = await makeRootIssuer(trustDomain, nowMs());
    await writeRootKey(source.directory, issuer);
    const roots = [{ fingerprint: issuer.root, certificate: issuer.certificate }];
    const record = { trustDomain, version: nowMs(), roots, issuer: issuer.root, rotation: null };
    if (!(await this.#change('create-root', '', record))) await removeRootKey(source.directory, issuer.root);
  }

  /** The operator exchanges the files while control runs; hosts trust what they say. */
  async #followFiles(source: Parameters<typeof readFileAuthority>[0], { record }: StoredTrust): Promise<void> {
    const { issuer, roots } = await readFileAuthority(source);
    this.#issuer = issuer;
    const wanted = roots.map(toRoot);
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
    const audience = { reports: await store.reports(), live: await store.live() };
    const step = nextStep({ version, rotation }, audience, this.#pace(finish));
    if (step.type === 'wait') return step;
    await this.#change(step.type === 'drop' ? 'drop-root' : 'reissue', author, applyStep(record, step.type, nowMs()));
    return step;
  }

  /** Writes a new record over the one that was read last; somebody else's is left alone, and looked at in the next round. */
  async #change(action: RootAction, author: string, record: TrustRecord): Promise<boolean> {
    const { store, audit, logger, announce } = this.#links;
    if (!(await store.write(record, this.#trust?.revision ?? 0))) {
      logger.info({ action }, 'another control changed the roots first');
      return false;
    }
    const stored = await store.read();
    if (stored !== null) await this.#take(stored);
    announce();
    logger.info(
      { action, issuer: record.issuer, roots: record.roots.length, version: record.version },
      'the roots changed',
    );
    const results = record.roots.map(({ fingerprint }) => ({
      id: `Root..${fingerprint}`,
      outcome: 'updated' as const,
      generation: record.version,
    }));
    await audit.record({ action, author, requestId: '', results });
    return true;
  }

  /** A record that this replica has not seen: its key is looked for, and what is over is forgotten. */
  async #take(stored: StoredTrust): Promise<void> {
    const { source } = this.settings;
    const { record } = stored;
    const before = this.#trust?.record ?? null;
    this.#trust = stored;
    if (source.type !== 'own') return;
    const active = record.roots.find(({ fingerprint }) => fingerprint === record.issuer);
    this.#issuer = active === undefined ? null : await readRootIssuer(source.directory, active.certificate);
    await writeTrustFile(source.directory, record);
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

const FILES_ROTATE =
  'this control uses an authority from files: add the next root to the file of --ca-roots, exchange --ca-cert and --ca-key once every host trusts it, and take the old root out last';

function toRoot(pem: string): TrustRecord['roots'][number] {
  return { fingerprint: fingerprintOf(pem), certificate: pem };
}
