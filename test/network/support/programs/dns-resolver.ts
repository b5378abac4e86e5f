/**
 * Run inside a host: a resolver on port 53, UDP and TCP, that knows `*.example.org` (192.0.2.77, 2001:db8::77) and
 * `big.example.org`, whose answer fits no datagram, and `ip-10-9-0-2.example.org`, which is that address; nothing else exists. Prints `<udp|tcp> <type> <name> <id>` for each query.
 * Usage: node dns-resolver.ts ADDRESS...
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const A = 1;
const AAAA = 28;
const TRUNCATED = 0x0200;
const NO_SUCH_NAME = 3;
/** Too many for 512 bytes. */
const MANY = 60;
const IPV6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x77];

function answer(transport: 'udp' | 'tcp', query: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (; (query[at] ?? 0) > 0; at += 1 + (query[at] ?? 0)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  }
  const name = labels.join('.').toLowerCase();
  const type = query.readUInt16BE(at + 1);
  process.stdout.write(`${transport} ${type} ${name} ${query.readUInt16BE(0)}\n`);
  const isKnown = name.endsWith('.example.org');
  const isBig = name === 'big.example.org' && type === A;
  const own = /^ip-(\d+)-(\d+)-(\d+)-(\d+)\./.exec(name);
  const ipv4 = own === null ? [192, 0, 2, 77] : own.slice(1).map(Number);
  const data = type === A ? [ipv4] : type === AAAA && own === null ? [IPV6] : [];
  const all = isBig ? Array.from({ length: MANY }, (_, i) => [192, 0, 2, i + 1]) : data;
  const records = isKnown && !(isBig && transport === 'udp') ? all : [];
  const flags = 0x8180 | (isKnown ? 0 : NO_SUCH_NAME) | (isBig && transport === 'udp' ? TRUNCATED : 0);
  const head = Buffer.alloc(12);
  for (const [i, word] of [query.readUInt16BE(0), flags, 1, records.length, 0, 0].entries())
    head.writeUInt16BE(word, 2 * i);
  const lines = records.map((bytes) => Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]));
  return Buffer.concat([head, query.subarray(12, at + 5), ...lines]);
}

for (const address of process.argv.slice(2)) {
  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (query, from) => udp.send(answer('udp', query), from.port, from.address));
  await new Promise<void>((resolve) => udp.bind(53, address, resolve));
  const tcp = createServer((socket) => {
    socket.on('error', () => {});
    let held = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, Buffer.from(bytes)]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const reply = answer('tcp', held.subarray(2, 2 + held.readUInt16BE(0)));
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length, 0);
        socket.write(Buffer.concat([length, reply]));
        held = held.subarray(2 + held.readUInt16BE(0));
      }
    });
  });
  await new Promise<void>((resolve) => tcp.listen(53, address, resolve));
}
process.stdout.write('listening\n');
