import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readClientFile } from '../../../src/cli/client-file.ts';
import { initMesh } from '../../../src/cli/control-init.ts';
import { loadSecurity } from '../../../src/control/secure/load-security.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

const root = mkdtempSync(join(tmpdir(), 'towpath-init-'));
t.teardown(() => rmSync(root, { recursive: true }));
const dir = join(root, 'etc');
const init = async (...args: readonly string[]): Promise<string> => {
  const { io, written } = recordingIo();
  await initMesh(args, io);
  return written.out;
};

t.test('everything is there, and secrets are', async (t) => {
  const out = await init('--dir', dir, '--mesh', 'blue', '--listen', '10.9.8.7:4333', '--address', 'mesh.example');
  t.match(out, /the mesh "blue" is made/);
  t.match(out, /Hosts reach it at tls:\/\/mesh.example:4333\./);
  t.match(out, /towpath join-token create --for HOST/);
  t.match(readFileSync(join(dir, 'nats', 'nats.conf'), 'utf8'), /\nhost: "10.9.8.7"\nport: 4333\n/);
  const { subjectAltName = '' } = new X509Certificate(readFileSync(join(dir, 'nats', 'server.pem')));
  for (const name of ['DNS:mesh.example', 'IP Address:10.9.8.7', 'IP Address:127.0.0.1', 'DNS:localhost'])
    t.match(subjectAltName, name);
  t.match(await loadSecurity(join(dir, 'control')), { mesh: 'blue', servers: ['tls://mesh.example:4333'] });
  t.match(readClientFile({ env: { TOWPATH_CLIENT_FILE: join(dir, 'client.yaml') } }), {
    mesh: 'blue',
    servers: ['tls://10.9.8.7:4333'],
  });
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const open = files.filter(({ parentPath, name }) => (statSync(join(parentPath, name)).mode & 0o077) !== 0);
  const names = ['ca.pem', 'client.yaml', 'mesh.yaml', 'nats-ca.pem', 'nats.conf', 'server.pem'];
  t.same(open.map(({ name }) => name).sort(), names, 'these hold no secret');
});

t.test('a mesh that is there is not touched', async (t) => {
  const before = readFileSync(join(dir, 'keys', 'operator.nk'), 'utf8');
  await t.rejects(init('--dir', dir), { message: /there is a mesh in .* already/ });
  t.equal(readFileSync(join(dir, 'keys', 'operator.nk'), 'utf8'), before);
});

t.test('a certificate from elsewhere', async (t) => {
  const file = (name: string): string => join(dir, 'nats', name);
  const [cert, key, ca] = [file('server.pem'), file('server-key.pem'), file('ca.pem')];
  const other = join(root, 'other');
  const words = ['--dir', other, '--address', 'mesh.example', '--tls-cert', cert, '--tls-ca', ca];
  await t.rejects(init(...words), { message: /go together/ });
  await t.rejects(init(...words, '--tls-key', cert), { message: /is no private key/ });
  const wrongKey = join(dir, 'keys', 'nats-ca-key.pem');
  await t.rejects(init(...words, '--tls-key', wrongKey), { message: /is not the key of/ });
  writeFileSync(join(root, 'junk'), 'junk');
  await t.rejects(init('--dir', other, '--tls-cert', join(root, 'junk'), '--tls-key', key, '--tls-ca', ca), {
    message: /is no certificate/,
  });
  t.notOk(existsSync(other), 'nothing was written by then');
  await init(...words, '--tls-key', key);
  t.same(readFileSync(join(other, 'nats', 'server.pem')), readFileSync(cert));
  t.match(readFileSync(join(other, 'client.yaml'), 'utf8'), /tls:\/\/mesh.example:4222/, 'by a name that it has');
});

t.test('wrong words', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--listen', 'a b'], /--listen must be/],
    [['--listen', '10.0.0.1:99999'], /--listen must be/],
    [['--listen', '10.0.0.1:0'], /--listen must be/],
    [['--address', 'a/b'], /--address "a\/b" is no name/],
    [['--mesh', 'UPPER'], /the mesh name "UPPER"/],
    [['word'], /word/],
  ];
  for (const [words, message] of cases) await t.rejects(init('--dir', join(root, 'wrong'), ...words), { message });
  t.notOk(existsSync(join(root, 'wrong')));
});

t.test('where it listens', async (t) => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['::1', '::1', 4222],
    ['[::1]:4333', '::1', 4333],
    ['127.0.0.1', '127.0.0.1', 4222],
    ['mesh.example:99', 'mesh.example', 99],
  ];
  for (const [i, [listen, host, port]] of cases.entries()) {
    const place = join(root, String(i));
    await init('--dir', place, '--listen', listen);
    t.match(readFileSync(join(place, 'nats', 'nats.conf'), 'utf8'), `host: "${host}"\nport: ${port}\n`);
  }
});
