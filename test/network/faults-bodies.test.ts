/** What a server does wrong looks the same to curl with two agents between as without: same status, same bytes, same failure. */
import t from 'tap';
import { withLab } from './support/lab.ts';
import { type Program, pairServices, pairTopology } from './support/pair.ts';
import { assertSound } from './support/traffic.ts';

const PORT = 8085;
const PORTS = { odd: PORT };
const MISBEHAVE = new URL('support/programs/misbehave.ts', import.meta.url).pathname;
const SERVER: Program = { name: 'odd', command: [process.execPath, MISBEHAVE, String(PORT)], ready: { port: PORT } };

interface Seen {
  readonly exitCode: number;
  /** The body and the status. */
  readonly answer: string;
}

/** The same directly, by address through both agents, and as a service. */
const ALIKE: readonly (readonly [path: string, ...curl: string[]])[] = [
  ['/rst-mid-length'],
  ['/rst-mid-chunked'],
  ['/rst-until-close'],
  ['/until-close'],
  ['/early-hints'],
  ['/byte-by-byte'],
  ['/slow-drip'],
  ['/early-answer', '-T', '/etc/hostname'],
  ['/empty-204'],
];

const CUT = 'what the server cut with FIN reaches the client cut by RST, so that nobody takes it for whole';
const TOLD = "a service's client is told by a status; a program that dialled an address sees what its peer did";
const REFUSED = 'ambiguous or malformed answers are refused, never repaired';
/** Where the agents differ from a direct connection, and why that is right. */
const UNLIKE: readonly {
  readonly path: string;
  readonly dialled: Seen;
  readonly service: Seen;
  readonly why: string;
}[] = [
  { path: '/fin-mid-length', dialled: seen(56, 'only this|200'), service: seen(56, 'only this|200'), why: CUT },
  { path: '/fin-mid-chunked', dialled: seen(56, 'hello|200'), service: seen(56, 'hello|200'), why: CUT },
  {
    path: '/fin-at-once',
    dialled: seen(52, '|000'),
    service: told('the endpoint closed the connection', 503),
    why: TOLD,
  },
  { path: '/rst-at-once', dialled: seen(56, '|000'), service: told('connection reset by the peer', 503), why: TOLD },
  {
    path: '/fin-mid-head',
    dialled: seen(52, '|000'),
    service: told('the endpoint closed the connection', 503),
    why: TOLD,
  },
  {
    path: '/not-http',
    dialled: refused('the first line is not'),
    service: refused('the first line is not'),
    why: REFUSED,
  },
  { path: '/bad-chunk', dialled: refused('the chunked body'), service: refused('the chunked body'), why: REFUSED },
  {
    path: '/two-lengths',
    dialled: refused('there is more than one'),
    service: refused('there is more than one'),
    why: REFUSED,
  },
];

function seen(exitCode: number, answer: string): Seen {
  return { exitCode, answer };
}
/** Matched by its beginning and its status. */
function told(sentence: string, status: number): Seen {
  return seen(0, `${sentence}...|${status}`);
}
function refused(sentence: string): Seen {
  return told(sentence, 502);
}

t.setTimeout(120_000);

await withLab(pairTopology([SERVER], PORTS), async (lab) => {
  await lab.apply(pairServices(PORTS));
  const look = async (host: string, name: string, path: string, more: readonly string[]): Promise<Seen> => {
    const url = `http://${name}:${PORT}${path}`;
    const { exitCode, stdout } = await lab.exec(host, ['curl', '-s', '-m', '5', '-w', '|%{http_code}', ...more, url]);
    return { exitCode, answer: stdout };
  };

  const assertSeen = (t: Tap, found: Seen, wanted: Seen, what: string): void => {
    const [sentence = '', status] = wanted.answer.split('...|');
    const shortened = found.answer.includes(sentence) ? `${sentence}...${found.answer.replace(/^[^|]*/, '')}` : '';
    t.same(status === undefined ? found : { ...found, answer: shortened }, wanted, what);
  };

  await t.test('what curl sees is what it sees without agents', async (t) => {
    for (const [path, ...curl] of ALIKE) {
      const direct = await look('server', '127.0.0.1', path, curl);
      assertSeen(t, await look('client', lab.address('server', 'ipv4'), path, curl), direct, `${path}, by address`);
      assertSeen(t, await look('client', 'odd.test', path, curl), direct, `${path}, as a service`);
    }
  });

  await t.test('where it sees something else there is a reason', async (t) => {
    for (const { path, dialled, service, why } of UNLIKE) {
      assertSeen(
        t,
        await look('client', lab.address('server', 'ipv4'), path, []),
        dialled,
        `${path}, by address: ${why}`,
      );
      assertSeen(t, await look('client', 'odd.test', path, []), service, `${path}, as a service: ${why}`);
    }
  });

  await t.test('both agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});

type Tap = Pick<typeof t, 'same'>;
