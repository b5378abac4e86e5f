/** curl and nginx over both agents: every shape of HTTP/1 message, with the agents' exact counts as proof. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import t from 'tap';
import { withLab } from './support/lab.ts';
import { folderOf, nginx, pairServices, pairTopology } from './support/pair.ts';
import { assertSound, countsExactly, type SideTraffic } from './support/traffic.ts';

const MEGABYTE = 1 << 20;
const PORTS = { web: 80, upload: 8001, download: 8002, keep: 8003, old: 8004, head: 8005, gzip: 8006 };
const listen = (port: number): string => `listen ${port}; listen [::]:${port};`;
const HTTP = `
  server { ${listen(PORTS.web)} location / { return 200 "hello from $remote_addr to $http_host\\n"; } }
  server { ${listen(PORTS.keep)} location / { return 200 "$connection_requests\\n"; } }
  server { ${listen(PORTS.old)} location / { return 200 "$server_protocol\\n"; } }
  server { ${listen(PORTS.head)} location / { return 200 "headless\\n"; } location = /none { return 204; } }
  server { ${listen(PORTS.download)} root .; }
  server { ${listen(PORTS.gzip)} root .; gzip on; gzip_types *; gzip_min_length 1; }
  server {
    ${listen(PORTS.upload)} client_max_body_size 200m;
    location / { client_body_in_file_only on; proxy_pass_request_body off; proxy_set_header Content-Length "";
      proxy_pass http://127.0.0.1:8099; }
    location /small { client_max_body_size 1k; return 200; }
  }
  server { listen 127.0.0.1:8099; location / { return 200 "stored\\n"; } }
`;

/** Requests of curl processes that each hold one connection, while the outbound agent keeps one to the server. */
function httpTraffic(
  clients: number,
  codes: SideTraffic['requests'],
): Record<'client outbound' | 'server inbound', SideTraffic> {
  return {
    'client outbound': {
      opened: clients,
      closed: { 'http1 closed': clients },
      verdicts: { 'http1 client-bytes': clients },
      requests: codes,
    },
    'server inbound': { opened: 1, closed: {}, verdicts: { 'http1 client-bytes': 1 }, requests: codes },
  };
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

t.setTimeout(120_000);

await withLab(pairTopology([nginx(HTTP, PORTS.web)], PORTS), async (lab) => {
  const folder = folderOf(lab, 'server', 'nginx');
  await lab.apply(pairServices(PORTS));
  const file = Buffer.alloc(100 * MEGABYTE);
  for (let i = 0; i < file.length; i += 4) file.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  const digest = sha256(file);
  await writeFile(`${folder}/big.bin`, file);
  await writeFile(`${lab.host('client').folder}/big.bin`, file);
  const local = `${lab.host('client').folder}/big.bin`;

  await t.test('GET by service name and by address, over IPv4 and IPv6', async (t) => {
    const urls: [family: string, url: string][] = [
      ['-4', 'http://web.test/'],
      ['-6', 'http://web.test/'],
      ['-4', 'http://server/'],
      ['-6', 'http://server/'],
    ];
    await countsExactly(
      t,
      lab,
      {
        'client outbound': httpTraffic(4, { 200: 4 })['client outbound'],
        // A service is reached over either family, so its endpoint is one address; the server's two addresses are two.
        'server inbound': { opened: 2, closed: {}, verdicts: { 'http1 client-bytes': 2 }, requests: { 200: 4 } },
        'client inbound': { opened: 0, closed: {}, verdicts: {}, requests: {} },
        'server outbound': { opened: 0, closed: {}, verdicts: {}, requests: {} },
      },
      async () => {
        for (const [family, url] of urls) {
          t.match(await lab.run('client', ['curl', '-sf', family, url]), /^hello from \S+ to (web\.test|server)\n$/);
        }
      },
    );
    t.equal(await lab.counter('client', 'towpath_requests_total', { service: 'test/web', code: 200 }), 2);
  });

  await t.test('100 MB up, with Expect: 100-continue by curl itself, and every byte arrives once', async (t) => {
    const counted = await countsExactly(t, lab, httpTraffic(1, { 200: 1 }), async () => {
      const curl = await lab.exec('client', ['curl', '-sfv', '-X', 'POST', '-T', local, 'http://server:8001/']);
      t.equal(curl.stdout, 'stored\n');
      t.match(curl.stderr, /> Expect: 100-continue[\s\S]*< HTTP\/1\.1 100 Continue[\s\S]*< HTTP\/1\.1 200 OK/);
    });
    const [stored] = await readdir(`${folder}/body`);
    t.equal(sha256(readFileSync(`${folder}/body/${stored}`)), digest);
    await rm(`${folder}/body/${stored}`);
    const { received } = counted['client outbound']?.bytes ?? { received: 0 };
    t.ok(received > file.length && received < file.length + 300, `${received} bytes: the file and one head`);
  });

  await t.test('100 MB up in chunked coding', async (t) => {
    const chunked = ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:'];
    await countsExactly(t, lab, { ...httpTraffic(1, { 200: 1 }), ...noNewUpstream(1) }, async () => {
      t.equal(await lab.run('client', ['curl', '-sf', ...chunked, '-T', local, 'http://server:8001/']), 'stored\n');
    });
    const [stored] = await readdir(`${folder}/body`);
    t.equal(sha256(readFileSync(`${folder}/body/${stored}`)), digest);
  });

  await t.test(
    'an upload that the server refuses early ends with its answer, and costs no other request',
    async (t) => {
      const outcome = await lab.exec('client', [
        'curl',
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-T',
        local,
        'http://server:8001/small/',
      ]);
      t.equal(outcome.stdout, '413');
      t.equal(await lab.run('client', ['curl', '-sf', '-T', '/etc/hostname', 'http://server:8001/']), 'stored\n');
    },
  );

  await t.test('100 MB down, whole and by range', async (t) => {
    const counted = await countsExactly(t, lab, httpTraffic(2, { 200: 1, 206: 1 }), async () => {
      t.match(await lab.shell('client', 'curl -sf http://download.test:8002/big.bin | sha256sum'), digest);
      const part = await lab.shell(
        'client',
        'curl -sf -r 1000000-8999999 http://download.test:8002/big.bin | sha256sum',
      );
      t.match(part, sha256(file.subarray(1_000_000, 9_000_000)));
    });
    const { sent } = counted['client outbound']?.bytes ?? { sent: 0 };
    t.ok(sent > file.length + 8_000_000 && sent < file.length + 8_001_000, `${sent} bytes: the bodies and two heads`);
  });

  await t.test('a response in chunked coding', async (t) => {
    await countsExactly(t, lab, httpTraffic(1, { 200: 1 }), async () => {
      const script =
        'curl -sfD head --compressed http://server:8006/big.bin | sha256sum; grep -i transfer-encoding head';
      const output = await lab.shell('client', `cd $(mktemp -d); ${script}; rm -r $PWD`);
      t.match(output, digest);
      t.match(output, /Transfer-Encoding: chunked/i);
    });
  });

  await t.test('a hundred requests on one kept-alive connection, and one to the server', async (t) => {
    await countsExactly(t, lab, httpTraffic(1, { 200: 100 }), async () => {
      const answers = await lab.run('client', ['curl', '-sf', 'http://server:8003/?[1-100]']);
      t.same(
        answers.trim().split('\n').map(Number),
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
    });
  });

  await t.test('HTTP/1.0', async (t) => {
    const expected = httpTraffic(2, { 200: 3 });
    // The server closes after the first request, which asked for that by its version; the other two share a connection.
    const inbound = { ...expected['server inbound'], opened: 2, closed: { 'http1 closed': 1 } };
    const verdicts = { 'http1 client-bytes': 2 };
    await countsExactly(t, lab, { ...expected, 'server inbound': { ...inbound, verdicts } }, async () => {
      const answer = await lab.run('client', ['curl', '-sfi', '-0', 'http://server:8004/']);
      t.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*HTTP\/1\.[01]\n$/);
      await lab.run('client', [
        'curl',
        '-sf',
        '-0',
        '-H',
        'Connection: keep-alive',
        'http://server:8004/',
        'http://server:8004/',
      ]);
    });
  });

  await t.test('HEAD and 204 have no body, and the connection lives on', async (t) => {
    await countsExactly(t, lab, httpTraffic(2, { 200: 3, 204: 2 }), async () => {
      const head = await lab.run('client', [
        'curl',
        '-sfI',
        'http://server:8005/',
        'http://server:8005/none',
        'http://server:8005/',
      ]);
      t.equal(head.match(/Content-Length: 9\r\n/g)?.length, 2);
      t.equal(await lab.run('client', ['curl', '-sf', 'http://server:8005/none', 'http://server:8005/']), 'headless\n');
    });
  });

  await t.test('a dialled address gets the request byte for byte', async (t) => {
    const request =
      'POST /a?b=%20c HTTP/1.1\r\nhOsT:  server\r\nX-Odd:\tvalue  \r\nx-odd: again\r\nContent-Length: 5\r\n\r\n12345';
    const answer = 'HTTP/1.1 200 Fine So far\r\nseRver: nobody\r\nContent-Length: 0\r\n\r\n';
    const server = lab.spawn('server', ['nc', '-l', '-N', '8097']);
    server.write(answer);
    await lab.waitFor(
      'nc listens',
      5000,
      async () => (await lab.exec('server', ['sh', '-c', 'ss -Htln sport = :8097 | grep -q 8097'])).exitCode === 0,
    );
    const client = lab.spawn('client', ['nc', lab.address('server', 'ipv4'), '8097']);
    client.write(request);
    await lab.waitFor('the answer', 20_000, async () => client.stdout.length >= answer.length);
    t.equal(client.stdout, answer);
    t.equal(server.stdout, request);
  });

  await t.test('both agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});

/** Requests of before left a connection to the server behind. */
function noNewUpstream(requests: number): Record<'server inbound', SideTraffic> {
  return { 'server inbound': { opened: 0, closed: {}, verdicts: {}, requests: { 200: requests } } };
}
