/**
 * Asks the kernel's connection tracking what a redirected packet was meant for (linux/netfilter/nfnetlink_conntrack.h). TCP has
 * SO_ORIGINAL_DST for that; UDP has nothing else.
 */
import { Kernel } from './kernel.ts';
import { MINIMUM_SLAB_BYTES, Slab } from './slab.ts';
import { SockAddr } from './socket-address.ts';

export type Transport = 'udp' | 'tcp';

const PROTOCOL: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17 };
const AF_INET = 2;
const AF_INET6 = 10;
/** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET. */
const GET = (1 << 8) | 1;
/** NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW: how an entry is told. */
const ENTRY = 1 << 8;
const NLM_F_REQUEST = 1;
const NLMSG_ERROR = 2;
const ENOENT = 2;
const NOBODY = new SockAddr(4, 0, 0x7f000001, 0, 0, 0, 0);
const NESTED = 0x8000;
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V6_SRC = 3;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
/** struct nlmsghdr and struct nfgenmsg. */
const HEADER_BYTES = 20;
const ANSWER_BYTES = 8192;

export class Conntrack {
  readonly #kernel: Kernel;
  readonly #fd: number;
  #sequence = 0;

  private constructor(kernel: Kernel, fd: number) {
    this.#kernel = kernel;
    this.#fd = fd;
  }

  /** null where the kernel has no such interface (module nf_conntrack_netlink), or this process may not use it (CAP_NET_ADMIN). */
  static open(): Conntrack | null {
    const memory = new ArrayBuffer(MINIMUM_SLAB_BYTES + 64);
    const kernel = new Kernel(new Slab(memory, 0, memory.byteLength));
    const fd = kernel.netfilterSocket();
    if (fd < 0) return null;
    const conntrack = new Conntrack(kernel, fd);
    // The socket alone proves little: a flow that cannot be must be answered with "no such entry".
    const answer = conntrack.#ask('udp', NOBODY, NOBODY);
    if (answer !== null && (readEntry(answer) !== null || readError(answer) === ENOENT)) return conntrack;
    conntrack.close();
    return null;
  }

  /** What `client` addressed when its packets came to our listener at `local`; null when nothing was translated, or nobody knows. */
  originalDestination(transport: Transport, client: SockAddr, local: SockAddr): SockAddr | null {
    const answer = this.#ask(transport, local, client);
    const original = answer === null ? null : readEntry(answer);
    return original === null || original.equals(local) ? null : original;
  }

  /** The kernel's answer; valid until the next call. */
  #ask(transport: Transport, from: SockAddr, to: SockAddr): Buffer | null {
    const kernel = this.#kernel;
    const { bytes, composeArea, receiveArea } = kernel.slab;
    const sequence = ++this.#sequence >>> 0;
    const request = writeRequest(sequence, transport, from, to);
    request.copy(bytes, composeArea);
    // A lookup is answered before the send returns.
    if (kernel.send(this.#fd, composeArea, request.length) < 0) return null;
    for (;;) {
      const length = kernel.receive(this.#fd, receiveArea, ANSWER_BYTES);
      if (length < HEADER_BYTES) return null;
      const answer = bytes.subarray(receiveArea, receiveArea + length);
      // Left over from a request whose answer did not come in time.
      if (answer.readUInt32LE(8) === sequence) return answer;
    }
  }

  close(): void {
    this.#kernel.close(this.#fd);
  }
}

/** A lookup by the tuple in which answers travel: from us to the client. Numbers of netlink are the machine's, all others big-endian. */
export function writeRequest(sequence: number, transport: Transport, from: SockAddr, to: SockAddr): Buffer {
  const kind = from.family === 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC;
  const tuple = attribute(CTA_TUPLE_REPLY | NESTED, [
    attribute(CTA_TUPLE_IP | NESTED, [attribute(kind, [addressBytes(from)]), attribute(kind + 1, [addressBytes(to)])]),
    attribute(CTA_TUPLE_PROTO | NESTED, [
      attribute(CTA_PROTO_NUM, [Buffer.from([PROTOCOL[transport]])]),
      attribute(CTA_PROTO_SRC_PORT, [number16(from.port)]),
      attribute(CTA_PROTO_DST_PORT, [number16(to.port)]),
    ]),
  ]);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(HEADER_BYTES + tuple.length, 0);
  header.writeUInt16LE(GET, 4);
  header.writeUInt16LE(NLM_F_REQUEST, 6);
  header.writeUInt32LE(sequence, 8);
  header[16] = from.family === 4 ? AF_INET : AF_INET6;
  return Buffer.concat([header, tuple]);
}

/** The original destination in an entry; null for anything else, such as an error. */
export function readEntry(answer: Buffer): SockAddr | null {
  if (answer.length < HEADER_BYTES || answer.readUInt16LE(4) !== ENTRY) return null;
  const tuple = find(answer.subarray(HEADER_BYTES), CTA_TUPLE_ORIG);
  const addresses = tuple === null ? null : find(tuple, CTA_TUPLE_IP);
  const ports = tuple === null ? null : find(tuple, CTA_TUPLE_PROTO);
  if (addresses === null || ports === null) return null;
  const ip = find(addresses, CTA_IP_V4_SRC + 1) ?? find(addresses, CTA_IP_V6_SRC + 1);
  const port = find(ports, CTA_PROTO_DST_PORT);
  if (ip === null || port === null || port.length !== 2) return null;
  const number = port.readUInt16BE(0);
  if (ip.length === 4) return new SockAddr(4, number, ip.readUInt32BE(0), 0, 0, 0, 0);
  if (ip.length !== 16) return null;
  const [a, b, c, d] = [0, 4, 8, 12].map((at) => ip.readUInt32BE(at));
  return new SockAddr(6, number, a, b, c, d, 0);
}

/** The errno of a refusal; 0 for anything else. */
function readError(answer: Buffer): number {
  return answer.readUInt16LE(4) === NLMSG_ERROR ? -answer.readInt32LE(16) : 0;
}

/** A netlink attribute, padded to four bytes. */
function attribute(type: number, content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const all = Buffer.alloc(4 + ((body.length + 3) & ~3));
  all.writeUInt16LE(4 + body.length, 0);
  all.writeUInt16LE(type, 2);
  body.copy(all, 4);
  return all;
}

function find(attributes: Buffer, wanted: number): Buffer | null {
  for (let at = 0; at + 4 <= attributes.length; ) {
    const length = attributes.readUInt16LE(at);
    if (length < 4 || at + length > attributes.length) return null;
    if ((attributes.readUInt16LE(at + 2) & 0x3fff) === wanted) return attributes.subarray(at + 4, at + length);
    at += (length + 3) & ~3;
  }
  return null;
}

function addressBytes({ family, a, b, c, d }: SockAddr): Buffer {
  const bytes = Buffer.alloc(16);
  for (const [i, word] of [a, b, c, d].entries()) bytes.writeUInt32BE(word, 4 * i);
  return bytes.subarray(0, family === 4 ? 4 : 16);
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}
