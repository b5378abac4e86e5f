import t from 'tap';
import { whileStarting } from '../../../src/cli/while-starting.ts';
import { UserError } from '../../../src/core/errors.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

const HERE = { servers: ['tls://127.0.0.1:4222'], credentialsFile: '/etc/towpath/admin.creds' };
const absent = (code: string): UserError => new UserError({ code, message: 'nobody is there' });

/** Fails so often before it answers. */
function attempts(failures: number, error: Error): { readonly attempt: () => Promise<string>; count: number } {
  const made = {
    count: 0,
    attempt: async () => {
      if (made.count++ < failures) throw error;
      return 'done';
    },
  };
  return made;
}

t.test('NATS and control of this host are waited for, and it is said once', async (t) => {
  for (const server of ['tls://127.0.0.1:4222', 'tls://[::1]:4222', 'localhost:4222']) {
    const { io, written } = recordingIo({});
    const tried = attempts(2, absent(server.includes('[') ? 'TWP2702' : 'TWP2701'));
    t.equal(await whileStarting({ ...HERE, servers: [server] }, io, tried.attempt), 'done', server);
    t.equal(tried.count, 3);
    t.equal(written.err, 'control of this host is not there yet: waiting for it, 30 s at most\n');
  }
});

t.test('not for ever', async (t) => {
  const tried = attempts(100, absent('TWP2701'));
  await t.rejects(whileStarting(HERE, recordingIo({}).io, tried.attempt, 600), { message: /nobody is there/ });
  t.ok(tried.count > 1 && tried.count < 10, `${tried.count} attempts`);
});

t.test('other hosts, open meshes and other failures are told at once', async (t) => {
  const cases: readonly (readonly [Parameters<typeof whileStarting>[0], Error])[] = [
    [{ ...HERE, servers: ['tls://10.0.0.1:4222'] }, absent('TWP2701')],
    [{ ...HERE, servers: ['tls://127.0.0.1:4222', 'tls://mesh.example:4222'] }, absent('TWP2701')],
    [{ ...HERE, credentialsFile: null }, absent('TWP2701')],
    [HERE, absent('TWP2704')],
    [HERE, new Error('nobody is there')],
  ];
  for (const [connection, error] of cases) {
    const { io, written } = recordingIo({});
    const tried = attempts(1, error);
    await t.rejects(whileStarting(connection, io, tried.attempt), { message: /nobody is there/ });
    t.equal(tried.count, 1);
    t.equal(written.err, '');
  }
});
