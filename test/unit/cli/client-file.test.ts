import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { connectionOf } from '../../../src/cli/ask-control.ts';
import { readClientFile } from '../../../src/cli/client-file.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'towpath-client-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'client.yaml');
const env = { TOWPATH_CLIENT_FILE: file };
const put = (text: string): void => writeFileSync(file, text);

t.test('how commands reach the mesh when nothing else says it', async (t) => {
  put('mesh: blue\nservers: [tls://10.0.0.1:4222]\ncredentialsFile: /a.creds\ncaFile: /ca.pem\n');
  const connection = (more: object, values = {}) => connectionOf('status', values, recordingIo({ ...env, ...more }).io);
  t.same(connection({}), {
    servers: ['tls://10.0.0.1:4222'],
    mesh: 'blue',
    credentialsFile: '/a.creds',
    caFile: '/ca.pem',
    allowOpen: false,
  });
  t.match(connection({ TOWPATH_MESH: 'red' }, { creds: '/b.creds' }), { mesh: 'red', credentialsFile: '/b.creds' });
  const elsewhere = { mesh: 'default', credentialsFile: null, caFile: null, servers: ['nats://x:1'] };
  t.match(connection({}, { server: 'nats://x:1' }), elsewhere, 'our credentials are for our own servers alone');
  t.match(connection({ TOWPATH_NATS_SERVERS: 'nats://x:1', TOWPATH_NATS_ALLOW_OPEN: 'true' }), {
    ...elsewhere,
    allowOpen: true,
  });
});

t.test('a file that is not what it should be is not passed over', async (t) => {
  put('servers: []\nmesh: blue\nwhat: 1\n');
  t.throws(() => readClientFile({ env }), { message: /client.yaml/ });
  put('a: [');
  t.throws(() => readClientFile({ env }), { message: /client.yaml/ });
  const missing = join(folder, 'none');
  t.throws(() => readClientFile({ env: { TOWPATH_CLIENT_FILE: missing } }), { message: /cannot be read/ });
});
