import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Bucket, BucketEntry, Bus } from '../../../../src/contract/bus-types.ts';
import { TRUST_KEY } from '../../../../src/contract/certificate-messages.ts';
import { subjectsOf } from '../../../../src/contract/subjects.ts';
import { Authority } from '../../../../src/control/ca/authority.ts';
import { TrustStore } from '../../../../src/control/ca/trust-store.ts';
import { AuditTrail } from '../../../../src/control/record-audit.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';

/** One bucket for all names, in memory. */
function memoryBus() {
  const entries = new Map<string, BucketEntry>();
  const audited: string[] = [];
  let revision = 0;
  const put = async (key: string, data: string): Promise<number> => {
    entries.set(key, { key, data: Buffer.from(data), revision: ++revision, deleted: false, createdMs: 0 });
    return revision;
  };
  const bucket: Partial<Bucket> = {
    get: async (key) => entries.get(key) ?? null,
    put,
    list: async () => [...entries.values()],
    write: async (key, data, expected) =>
      (entries.get(key)?.revision ?? 0) === expected
        ? { ok: true, value: await put(key, data) }
        : { ok: false, error: 'conflict' },
  };
  const bus: Partial<Bus> = {
    bucket: () => bucket as Bucket,
    append: async (_subject, data) => void audited.push(JSON.parse(String(data)).action),
  };
  return { bus: bus as Bus, entries, audited, put };
}

interface Replica {
  readonly authority: Authority;
  readonly said: () => string;
}

function replica(memory: ReturnType<typeof memoryBus>, directory: string, clock = { nowMs: 1_000_000 }): Replica {
  const { logger, lines } = recordingLogger();
  const subjects = subjectsOf('default');
  const store = new TrustStore(memory.bus, subjects);
  const audit = new AuditTrail(memory.bus, subjects, logger);
  const links = { store, audit, logger, leads: () => true, announce: () => {}, nowMs: () => clock.nowMs };
  const source = { type: 'own', directory } as const;
  const settings = { trustDomain: 'example.org', lifetimeMs: 60_000, source, grants: 'open' } as const;
  return { authority: new Authority(settings, links), said: () => JSON.stringify(lines) };
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'towpath-authority-'));

t.test('many requests meet a change of the roots at the same time', async (t) => {
  const memory = memoryBus();
  const directory = folder();
  const clock = { nowMs: 1_000_000 };
  const { authority } = replica(memory, directory, clock);
  await authority.open();
  await authority.tick();
  const first = authority.issuer?.root;
  await authority.rotate('somebody');
  const other = replica(memory, folder(), clock).authority;
  await other.open();
  for (let round = 0; round < 3; round++) {
    clock.nowMs += 10_000;
    await authority.tick();
    const answers = await Promise.all(Array.from({ length: 50 }, () => other.trust()));
    t.equal(new Set(answers.map(({ version }) => version)).size, 1, `nobody is refused in round ${round}`);
  }
  t.same(memory.audited, ['create-root', 'rotate-root', 'reissue', 'drop-root'], 'each step is in the audit trail');
  const root = authority.issuer?.root;
  t.not(root, first);
  t.same(readdirSync(directory).sort(), [`${root}.key`, 'trust'].sort());
  t.equal(JSON.parse(readFileSync(join(directory, 'trust'), 'utf8')).issuer, root);
});

t.test('an old backup of the store does not bring dropped roots back', async (t) => {
  const memory = memoryBus();
  const clock = { nowMs: 1_000_000 };
  const { authority } = replica(memory, folder(), clock);
  await authority.open();
  await authority.tick();
  const backup = Buffer.from(memory.entries.get(TRUST_KEY)?.data ?? []).toString();
  await authority.rotate('');
  for (let round = 0; round < 3; round++) {
    clock.nowMs += 10_000;
    await authority.tick();
  }
  const newest = await authority.trust();
  t.equal(newest.rotation, null);
  await memory.put(TRUST_KEY, backup);
  t.equal((await authority.trust()).issuer, newest.issuer, 'what it knows is newer');
  t.ok(authority.issuer, 'it goes on signing');
  await authority.tick();
  const stored = JSON.parse(Buffer.from(memory.entries.get(TRUST_KEY)?.data ?? []).toString());
  t.match(stored, { issuer: newest.issuer, roots: newest.roots });
  t.ok(stored.version > newest.version, 'hosts take it');
  t.equal(memory.audited.at(-1), 'restore-root');
  await authority.rotate('');
  t.equal(memory.audited.at(-1), 'rotate-root', 'and it can be changed again');
});

t.test('a wiped store gets the roots back; a replica without the key answers and signs nothing', async (t) => {
  const memory = memoryBus();
  const first = replica(memory, folder());
  const other = replica(memory, folder());
  for (const { authority } of [first, other]) {
    await authority.open();
    await authority.tick();
  }
  t.ok(first.authority.issuer);
  t.equal(other.authority.issuer, null);
  t.match(other.said(), /has no key of the root in use/);
  await t.rejects(other.authority.rotate(''), /does not have the key/);
  const { issuer } = await other.authority.trust();
  memory.entries.clear();
  await t.rejects(other.authority.trust(), /no root yet/);
  await other.authority.tick();
  t.equal((await first.authority.trust()).issuer, issuer);
});

t.test('a disk that fails stops nothing that is in memory', async (t) => {
  const memory = memoryBus();
  const directory = folder();
  const { authority, said } = replica(memory, directory);
  await authority.open();
  await authority.tick();
  const record = await authority.trust();

  mkdirSync(join(directory, 'trust.new'));
  await memory.put(TRUST_KEY, JSON.stringify({ ...record, version: record.version + 1 }));
  t.equal((await authority.trust()).version, record.version + 1);
  t.match(said(), /could not be written to the disk/);
  t.ok(authority.issuer);
});
