import t from 'tap';
import { takeRequestBytes, takeResponseBytes } from '../../../src/proxy/request-bytes.ts';

t.test('each byte of a connection belongs to one request', async (t) => {
  const socket = { bytesRead: 100, bytesWritten: 20, pendingBytes: 5 };
  const record = { socket, countedFromClient: 0, countedToClient: 0 };
  t.equal(takeRequestBytes(record), 100);
  t.equal(takeRequestBytes(record), 0);
  t.equal(takeResponseBytes(record), 25);
  Object.assign(socket, { bytesRead: 130, bytesWritten: 65, pendingBytes: 0 });
  t.equal(takeRequestBytes(record), 30);
  t.equal(takeResponseBytes(record), 40);
  t.equal(takeRequestBytes({ ...record, socket: null }), 0);
});
