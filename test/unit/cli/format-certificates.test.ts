import t from 'tap';
import { formatCertificates } from '../../../src/cli/format-certificates.ts';
import type { ShowReply } from '../../../src/contract/certificate-messages.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);
const ID = 'spiffe://towpath.internal/ns/shop/sa/web';

const REPLY: ShowReply = {
  trustDomain: 'towpath.internal',
  version: 7,
  mode: 'own',
  lifetimeMs: 24 * HOUR,
  directory: '/var/lib/towpath-control/ca',
  roots: [
    {
      fingerprint: OLD,
      subject: 'CN=Towpath root',
      notBeforeMs: 0,
      notAfterMs: NOW + 3649 * 24 * HOUR,
      state: 'active',
      key: true,
    },
  ],
  rotation: null,
  hosts: [
    { host: 'db-1', live: false, version: 7, certificates: [], problem: null, atMs: NOW },
    {
      host: 'web-1',
      live: true,
      version: 7,
      certificates: [{ spiffeId: ID, root: OLD, notAfterMs: NOW + 13 * HOUR + 90_000 }],
      problem: null,
      atMs: NOW,
    },
    {
      host: 'web-2',
      live: true,
      version: 6,
      certificates: [{ spiffeId: ID, root: OLD, notAfterMs: NOW - 1 }],
      problem: null,
      atMs: NOW,
    },
  ],
};

t.test('roots and hosts', async (t) => {
  t.equal(
    formatCertificates(REPLY, NOW, { colour: false }),
    `trust domain towpath.internal, certificates for 24h, a root of its own

ROOT              STATE   ENDS IN  KEY   SUBJECT
aaaaaaaaaaaaaaaa  active  3649d    here  CN=Towpath root

HOST   IDENTITY                                  ROOT              ENDS IN  STATE
db-1   -                                         -                 -        away
web-1  spiffe://towpath.internal/ns/shop/sa/web  aaaaaaaaaaaaaaaa  13h1m    ok
web-2  spiffe://towpath.internal/ns/shop/sa/web  aaaaaaaaaaaaaaaa  ended    does not know the newest roots
`,
  );
});

t.test('how far a rotation is', async (t) => {
  const rotation = {
    phase: 'spread',
    from: OLD,
    to: NEW,
    sinceMs: 0,
    waitingFor: ['a', 'b', 'c', 'd', 'e', 'f'],
    dropAtMs: null,
  } as const;
  const shown = (change: object) =>
    formatCertificates({ ...REPLY, rotation: { ...rotation, waitingFor: [...rotation.waitingFor], ...change } }, NOW, {
      colour: false,
    });
  t.match(shown({}), /every host gets the new root.*waiting for a, b, c, d, e and 1 more\n/);
  t.match(shown({ phase: 'reissue', waitingFor: [], dropAtMs: NOW + 45_000 }), /still trusted; it is dropped in 45s\n/);
});
