import t from 'tap';
import { offerWords, wantedBy } from '../../../src/cli/offer-words.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

t.test('what the word that is being typed may be', async (t) => {
  for (const [words, wanted] of [
    [['get', ''], { type: 'kinds' }],
    [['get', '-n', 'shop', ''], { type: 'kinds' }],
    [['get', 'svc', ''], { type: 'names', kind: 'Service', namespace: null }],
    [['get', 'svc', 'a', ''], { type: 'names', kind: 'Service', namespace: null }],
    [['describe', 'httproute', '-n', 'shop', 'or'], { type: 'names', kind: 'HTTPRoute', namespace: 'shop' }],
    [['describe', 'httproute', 'a', ''], { type: 'nothing' }],
    [['rollback', 'nonsense', ''], { type: 'nothing' }],
    [['get', 'svc', '-n', ''], { type: 'namespaces' }],
    [['explain', 'GET', '--host', ''], { type: 'hosts' }],
    [['explain', ''], { type: 'nothing' }],
    [['tap', '--status', '5xx', '-n', 'shop', ''], { type: 'names', kind: 'Service', namespace: 'shop' }],
    [['tap', 'orders', '--flag', ''], { type: 'nothing' }],
    [['get', '-o', ''], { type: 'nothing' }],
    [['get'], { type: 'kinds' }],
    [[], { type: 'nothing' }],
  ] as const)
    t.strictSame(wantedBy(words).wanted, wanted, words.join(' '));
  const { connection } = wantedBy(['get', '--mesh', 'blue', '-s', 'nats://x', 'svc', '']);
  t.match(connection, { server: 'nats://x', mesh: 'blue' });
});

t.test('kinds need nobody; without NATS there is silence and no failure', async (t) => {
  const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1' });
  t.equal(await offerWords(['get', ''], io), 0);
  t.match(written.out, /^services\n/);
  t.match(written.out, /\nbackendtrafficpolicies\n/);
  const { io: other, written: nothing } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1' });
  const started = performance.now();
  t.equal(await offerWords(['get', 'svc', ''], other), 0);
  t.equal(await offerWords(['get', 'svc', '--mesh', 'Not A Mesh', ''], other), 0);
  t.strictSame(nothing, { out: '', err: '' });
  t.ok(performance.now() - started < 5_000);
});
