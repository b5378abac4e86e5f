import t from 'tap';
import { asksForTls, hostOfServer, isLoopback, objectionTo, protectionOf } from '../../../src/contract/vet-server.ts';

const server = (address: string, encrypted: boolean, authenticates: boolean) => ({ address, encrypted, authenticates });

t.test('an open server is for one machine', async (t) => {
  for (const [address, encrypted, authenticates, expected] of [
    ['127.0.0.1', false, false, null],
    ['::1', false, false, null],
    ['::ffff:127.0.0.1', false, false, null],
    ['10.0.0.1', true, true, null],
    ['10.0.0.1', false, false, /asks nobody who he is.*towpath control init/],
    ['10.0.0.1', true, false, /asks nobody who he is/],
    ['10.0.0.1', false, true, /is not encrypted/],
    ['fd77::2', false, true, /is not encrypted/],
  ] as const) {
    const objection = objectionTo(server(address, encrypted, authenticates), false, false);
    if (expected === null) t.equal(objection, null, address);
    else t.match(objection, expected, address);
    t.equal(objectionTo(server(address, encrypted, authenticates), false, true), null, 'unless it is allowed');
  }
});

t.test('where TLS is asked for, nothing goes out in clear, wherever the server is', async (t) => {
  t.match(objectionTo(server('127.0.0.1', false, true), true, true), /offers no TLS/);
  t.equal(objectionTo(server('127.0.0.1', true, true), true, false), null);
});

t.test('what protects', async (t) => {
  t.equal(protectionOf(server('a', true, true)), 'secured');
  t.equal(protectionOf(server('a', false, true)), 'unencrypted');
  t.equal(protectionOf(server('a', true, false)), 'open');
});

t.test('addresses of servers', async (t) => {
  for (const [text, host] of [
    ['tls://n1:4222', 'n1'],
    ['nats://user:word@10.0.0.1:4222', '10.0.0.1'],
    ['tls://[fd77::1]:4222', 'fd77::1'],
    ['n1', 'n1'],
  ] as const)
    t.equal(hostOfServer(text), host);
  t.ok(asksForTls(['nats://a', 'tls://b']));
  t.notOk(asksForTls(['nats://a']));
  for (const address of ['10.0.0.1', '', '::ffff:10.0.0.1', 'fe80::1']) t.notOk(isLoopback(address), address);
});
