/** What is not plain HTTP: ssh, WebSocket, TLS, HTTP/2, half-close both ways, refused and unreachable ports. */
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { withLab } from './support/lab.ts';
import { assertUnharmed, startLoad } from './support/load.ts';
import { folderOf, nginx, type Program, pairTopology } from './support/pair.ts';
import {
  assertSound,
  connections,
  countsExactly,
  NOTHING,
  type SideTraffic,
  trafficBetween,
} from './support/traffic.ts';

const here = (name: string): string => new URL(`support/programs/${name}`, import.meta.url).pathname;
/** Nobody listens here. */
const NOBODY = 9;

/** An account with a shell runs it, so that it needs neither /run/sshd nor anybody's password. */
const SSHD: Program = {
  name: 'sshd',
  command: ['bash', '-eu', 'start.sh'],
  files: {
    'start.sh': `sysctl -qw net.ipv4.ip_unprivileged_port_start=22
ssh-keygen -q -t ed25519 -N '' -f host-key
ssh-keygen -q -t ed25519 -N '' -f client-key
chown postgres host-key
exec setpriv --reuid postgres --regid postgres --init-groups /usr/sbin/sshd -D -e -f $PWD/sshd_config -o AuthorizedKeysFile=$PWD/client-key.pub \\
  -o HostKey=$PWD/host-key -o PidFile=none`,
    sshd_config: 'Port 22\nPort 2222\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n',
  },
  ready: { port: 2222 },
};

const ECHO: Program = { name: 'ws', command: [process.execPath, here('ws-echo.ts'), '8080'], ready: { port: 8080 } };

/** Answers only after the client's FIN. */
const DIGEST: Program = {
  name: 'digest',
  command: ['socat', '-t', '10', 'TCP6-LISTEN:9001,fork,reuseaddr,ipv6only=0', 'EXEC:sha256sum'],
  ready: { port: 9001 },
};
/** Says goodbye first, then goes on reading. */
const FAREWELL: Program = {
  name: 'farewell',
  command: ['socat', '-t', '2', 'TCP6-LISTEN:9002,fork,reuseaddr,ipv6only=0', 'EXEC:sh farewell.sh,pipes'],
  files: { 'farewell.sh': 'echo goodbye; exec >&-; cat > received' },
  ready: { port: 9002 },
};

const TLS: Program = {
  name: 'tls',
  command: ['bash', '-eu', 'start.sh'],
  files: {
    'start.sh': `openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=server -days 2 2>/dev/null
exec openssl s_server -accept 8443 -6 -key key.pem -cert cert.pem -WWW -quiet`,
    'page.txt': 'a page behind TLS\n',
  },
  ready: { port: 8443 },
};

const listen = (port: number, more = ''): string => `listen ${port}${more}; listen [::]:${port}${more};`;
const WEB = nginx(
  `server { ${listen(8081, ' http2')} location / { return 200 "$server_protocol\\n"; } }
   server { ${listen(8082)} location / { return 200 "ok\\n"; } }`,
  8081,
);

/** Both agents counted the same. */
function both(traffic: SideTraffic): Record<'client outbound' | 'server inbound', SideTraffic> {
  return { 'client outbound': traffic, 'server inbound': traffic };
}

t.setTimeout(180_000);

await withLab(pairTopology([SSHD, ECHO, DIGEST, FAREWELL, TLS, WEB], { web: 8082 }), async (lab) => {
  const server4 = lab.address('server', 'ipv4');
  const server6 = lab.address('server', 'ipv6');

  await t.test('ssh, whose server speaks first: a command, and 20 MB both ways', async (t) => {
    const key = `${folderOf(lab, 'server', 'sshd')}/client-key`;
    const quiet = '-q -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null';
    const ssh = (port: number): string => `ssh -p ${port} -i ${key} ${quiet} postgres@server`;
    // The client may send its own banner before the server's arrives: either way it is bytes.
    const before = await lab.metrics('client');
    await lab.run('client', ['sh', '-c', `${ssh(2222)} echo aboard`]).then((text) => t.equal(text, 'aboard\n'));
    const sum = await lab.shell(
      'client',
      `head -c 20000000 /dev/urandom > noise; sha256sum < noise; ${ssh(2222)} cat < noise | sha256sum; rm noise`,
    );
    const [sent, received] = sum.trim().split('\n');
    t.equal(received, sent);
    const opened = (await lab.metrics('client')).value('towpath_verdicts_total', {
      side: 'outbound',
      verdict: 'opaque',
    });
    t.equal(opened - before.value('towpath_verdicts_total', { side: 'outbound', verdict: 'opaque' }), 2);

    await t.test('port 22 is not captured', async (t) => {
      const expected = { 'client outbound': NOTHING, 'server inbound': NOTHING };
      await countsExactly(t, lab, expected, async () => {
        t.equal(await lab.shell('client', `${ssh(22)} echo direct`), 'direct\n');
      });
    });
  });

  await t.test('WebSocket: frames of every size after the upgrade, and the close code', async (t) => {
    const tunnel: SideTraffic = {
      opened: 1,
      closed: { 'http1 closed': 1 },
      verdicts: { 'http1 client-bytes': 1 },
      requests: { 101: 1 },
    };
    await countsExactly(t, lab, both(tunnel), async () => {
      const node = [process.execPath, '--disable-warning=ExperimentalWarning', here('ws-client.ts')];
      t.equal(await lab.run('client', [...node, `ws://${server4}:8080/`]), '8 echoes, closed with 4242, clean\n');
    });
  });

  await t.test('nc half-closes: the answer that comes only after its FIN still comes', async (t) => {
    const input = 'horse\n'.repeat(100_000);
    const direct = await lab.run('client', ['sha256sum'], input);
    const counted = await countsExactly(t, lab, both(connections(2, 'opaque')), async () => {
      t.equal(await lab.run('client', ['nc', '-N', server4, '9001'], input), direct);
      t.equal(await lab.run('client', ['nc', '-N', server6, '9001'], input), direct);
    });
    const bytes = { received: 2 * input.length, sent: 2 * direct.length };
    t.same([counted['client outbound']?.bytes, counted['server inbound']?.bytes], [bytes, bytes]);
  });

  await t.test('the server half-closes: what the client sends afterwards still arrives', async (t) => {
    const counted = await countsExactly(t, lab, both(connections(1, 'opaque', 'server-first')), async () => {
      const script = `(sleep 0.5; printf late) | socat -t 10 - TCP:${server4}:9002`;
      t.equal(await lab.shell('client', script), 'goodbye\n');
    });
    t.equal(await lab.shell('server', `cat ${folderOf(lab, 'server', 'farewell')}/received`), 'late');
    t.same(counted['server inbound']?.bytes, { received: 4, sent: 8 });
  });

  await t.test('an empty connection: FIN at once on both sides, and nothing hangs', async (t) => {
    await countsExactly(t, lab, both(connections(1, 'opaque', 'client-ended')), async () => {
      t.match(await lab.run('client', ['nc', '-N', server4, '9001'], ''), /^e3b0c442/);
    });
  });

  await t.test('TLS is recognised and passed through untouched', async (t) => {
    const counted = await countsExactly(t, lab, both(connections(2, 'tls')), async () => {
      t.equal(await lab.run('client', ['curl', '-skf', `https://[${server6}]:8443/page.txt`]), 'a page behind TLS\n');
      const openssl = ['openssl', 's_client', '-connect', `[${server6}]:8443`, '-quiet'];
      t.match(await lab.run('client', openssl, 'GET /page.txt HTTP/1.0\r\n\r\n'), /a page behind TLS/);
    });
    t.same(counted['client outbound']?.bytes, counted['server inbound']?.bytes);
  });

  await t.test(
    'HTTP/2 with prior knowledge is served request by request, over one connection to the server',
    async (t) => {
      // Debian's curl cannot reuse such a connection (nor without a proxy), so each request has its own.
      const curl = ['curl', '-sf', '--http2-prior-knowledge', 'http://server:8081/'];
      const requests = { 200: 5 };
      const expected = {
        'client outbound': { ...connections(5, 'http2'), requests },
        'server inbound': { opened: 1, closed: {}, verdicts: { 'http2 client-bytes': 1 }, requests },
      };
      await countsExactly(t, lab, expected, async () => {
        for (let i = 0; i < 5; i++) t.equal(await lab.run('client', curl), 'HTTP/2.0\n');
      });
    },
  );

  await t.test('a refused port stays refused, at once and without a byte', async (t) => {
    const refused = (verdict: string, reason: string): SideTraffic => ({
      opened: 1,
      closed: { [`${verdict} unreachable`]: 1 },
      verdicts: reason === '' ? {} : { [`${verdict} ${reason}`]: 1 },
      requests: verdict === 'http1' ? { '0 UF': 1 } : {},
    });
    const reset = { ...refused('http1', 'client-bytes'), closed: { 'http1 reset': 1 }, requests: { '0 UC': 1 } };
    const watch = startWatch();
    // The server's own agent takes the connection, finds nobody, and resets it.
    await countsExactly(
      t,
      lab,
      { 'client outbound': reset, 'server inbound': refused('http1', 'client-bytes') },
      async () => {
        const curl = await lab.exec('client', ['curl', '-s', `http://${server4}:${NOBODY}/`]);
        t.match(curl, { exitCode: 56, stdout: '' }, 'connection reset');
      },
    );
    // A host without an agent refuses by itself.
    await countsExactly(t, lab, { 'client outbound': refused('http1', 'client-bytes') }, async () => {
      const curl = await lab.exec('client', [
        'curl',
        '-s',
        `http://${lab.address('control', 'ipv6').replace(/.*/, '[$&]')}:${NOBODY}/`,
      ]);
      t.match(curl, { exitCode: 56, stdout: '' });
    });
    // A client that waits for a banner.
    await countsExactly(t, lab, { 'client outbound': refused('none', '') }, async () => {
      const nc = await lab.exec('client', [
        'timeout',
        '20',
        'nc',
        '-d',
        lab.address('control', 'ipv4'),
        String(NOBODY),
      ]);
      t.not(nc.exitCode, 124, 'nc did not wait');
      t.equal(nc.stdout, '');
    });
    t.ok(watch.quietMs() < 3000);
  });

  await t.test(
    'a port that swallows everything: given up after the connect timeout, others are not held up',
    async (t) => {
      await lab.run('control', ['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '9003', '-j', 'DROP']);
      const neighbour = await startLoad(lab, 'client', { url: `http://${server4}:8082/`, clients: 4, pauseMs: 20 });
      const before = await lab.metrics('client');
      const watch = startWatch();
      const curl = await lab.exec('client', ['curl', '-s', `http://${lab.address('control', 'ipv4')}:9003/`]);
      const [seconds, quiet] = [watch.ms() / 1000, watch.quietMs() / 1000];
      t.equal(curl.exitCode, 56);
      t.ok(seconds > 4.5 && quiet < 6.5, `after ${seconds.toFixed(1)} s`);
      const report = await neighbour.stop();
      assertUnharmed(t, report, 4);
      t.ok(report.slowestMs < 1000 + watch.busyMs(), `a neighbour's slowest request took ${report.slowestMs} ms`);
      const traffic = trafficBetween(before, await lab.metrics('client'), 'outbound');
      t.match(traffic, { closed: { 'http1 unreachable': 1 }, requests: { '0 UF': 1 } });
    },
  );

  await t.test('both agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});
