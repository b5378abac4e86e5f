/**
 * Runs the cases of this folder through the real pipeline: a client and a server on real sockets, the proxy between them. Each runs
 * twice: sent in one piece, and one byte at a time.
 */
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { address, ProxyRig, type RigClient, serviceView } from '../../helpers/proxy-rig.ts';
import { type Block, parseExpectations, readCases, unescapeBytes, type WireCase } from '../read-cases.ts';
import { readChunks } from './read-chunks.ts';

/** Turns of the event loop without a byte after which nothing more is expected. */
const QUIET_TURNS = 8;
const PATIENCE_MS = 3000;

/** What one side has heard. */
interface Ear {
  heard: string;
  ended: 'open' | 'fin' | 'reset';
}

class Play {
  readonly #t: Test;
  readonly #rig: ProxyRig;
  readonly #stepwise: boolean;
  readonly #client: RigClient;
  readonly #clientEar: Ear = { heard: '', ended: 'open' };
  readonly #servers: { socket: Socket; ear: Ear }[] = [];

  constructor(t: Test, rig: ProxyRig, stepwise: boolean, client: RigClient) {
    this.#t = t;
    this.#rig = rig;
    this.#stepwise = stepwise;
    this.#client = client;
    listen(client.socket, this.#clientEar);
  }

  accept(socket: Socket): void {
    const ear: Ear = { heard: '', ended: 'open' };
    listen(socket, ear);
    this.#servers.push({ socket, ear });
  }

  async run(block: Block): Promise<void> {
    const { word, argument, text } = block;
    const [first = '', second = ''] = argument.split(',');
    switch (word) {
      case 'client':
        return this.#send(this.#client.socket, unescapeBytes(text));
      case 'answer':
        return this.#send((await this.#server(Number(first || 1))).socket, unescapeBytes(text));
      case 'server': {
        const { ear } = await this.#server(Number(first || 1));
        return this.#expect('the server', ear, unescapeBytes(text), second === 'chunked');
      }
      case 'reply':
        return this.#expect('the client', this.#clientEar, unescapeBytes(text), first === 'chunked');
      case 'refused':
        return this.#expectRefusal(text.trim());
      case 'do':
        return this.#act(text.trim());
      case 'ends':
        return this.#expectEnds(parseExpectations(text));
      default:
        throw new Error(`unknown block ${word}`);
    }
  }

  close(): void {
    this.#client.socket.destroy();
    for (const { socket } of this.#servers) socket.destroy();
  }

  async #server(number: number): Promise<{ socket: Socket; ear: Ear }> {
    await this.#rig.until(() => this.#servers.length >= number, `connection ${number} of the server`, PATIENCE_MS);
    const server = this.#servers[number - 1];
    if (server === undefined) throw new Error('no such connection');
    return server;
  }

  async #send(socket: Socket, text: string): Promise<void> {
    if (!this.#stepwise || text.length > 2000) {
      socket.write(text, 'latin1');
      return;
    }
    for (const char of text) {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(char, 'latin1');
      await turn();
    }
  }

  /** Waits until a side has heard `text`, and no more. */
  async #expect(who: string, ear: Ear, text: string, chunked: boolean): Promise<void> {
    const got = (): string => {
      const plain = withoutOurs(ear.heard);
      return chunked ? readChunks(plain) : plain;
    };
    const wanted = chunked ? readChunks(text) : text;
    await this.#rig.until(() => got().length >= wanted.length, `${who} to hear`, PATIENCE_MS).catch(() => {});
    await this.#settle();
    this.#t.equal(got(), wanted, `${who} hears`);
    ear.heard = '';
  }

  async #expectRefusal(words: string): Promise<void> {
    const ear = this.#clientEar;
    await this.#rig.until(() => ear.ended !== 'open' || isWhole(ear.heard), 'the refusal', PATIENCE_MS).catch(() => {});
    const status = /^HTTP\/1\.1 (\d\d\d) /.exec(ear.heard)?.[1];
    const flag = /\r\nx-towpath-error: ([A-Z]+);/.exec(ear.heard)?.[1];
    this.#t.equal(`${status} ${flag}`, words, ear.heard);
    ear.heard = ear.heard.slice(wholeLength(ear.heard));
  }

  async #act(what: string): Promise<void> {
    const [who = '', verb = ''] = what.split(' ');
    await this.#settle();
    const socket = who === 'client' ? this.#client.socket : (await this.#server(Number(who.slice(6) || 1))).socket;
    if (verb === 'fin') socket.end();
    else if (verb === 'reset') socket.resetAndDestroy();
    else throw new Error(`cannot ${what}`);
    await this.#settle();
  }

  async #expectEnds(wanted: Map<string, string>): Promise<void> {
    const got = (): Map<string, string> => {
      const all = new Map<string, string>([['client', this.#clientEar.ended]]);
      for (const [i, { ear }] of this.#servers.entries()) all.set(i === 0 ? 'server' : `server${i + 1}`, ear.ended);
      if (this.#servers.length === 0) all.set('server', 'none');
      return all;
    };
    const isSo = (who: string, how: string): boolean => {
      const end = got().get(who);
      return end === how || (how === 'gone' && (end === 'fin' || end === 'reset'));
    };
    const agrees = (): boolean => [...wanted].every(([who, how]) => isSo(who, how));
    await this.#rig.until(agrees, 'the ends', PATIENCE_MS).catch(() => {});
    await this.#settle();
    for (const [who, how] of wanted) this.#t.ok(isSo(who, how), `${who} sees ${how} (${got().get(who)})`);
  }

  /** Lets everything that is under way arrive. */
  async #settle(): Promise<void> {
    let quiet = 0;
    let before = -1;
    while (quiet < QUIET_TURNS) {
      await turn();
      const heard = this.#clientEar.heard.length + this.#servers.reduce((sum, { ear }) => sum + ear.heard.length, 0);
      quiet = heard === before ? quiet + 1 : 0;
      before = heard;
    }
  }

  /** Nothing may be left that no block has asked about. */
  finish(): void {
    this.#t.equal(this.#clientEar.heard, '', 'the client hears nothing more');
    for (const { ear } of this.#servers) this.#t.equal(ear.heard, '', 'the server hears nothing more');
  }
}

function listen(socket: Socket, ear: Ear): void {
  socket.on('data', (chunk: Buffer) => {
    ear.heard += chunk.toString('latin1');
  });
  socket.on('end', () => {
    if (ear.ended === 'open') ear.ended = 'fin';
  });
  socket.on('error', (error: Error & { code?: string }) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') ear.ended = 'reset';
  });
}

/** Requests to a service get an id; each exactly one. */
function withoutOurs(text: string): string {
  return text.replace(/x-request-id: [0-9a-f-]+\r\n/, '');
}

function wholeLength(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  return head + 4 + Number(/\r\ncontent-length: (\d+)/.exec(text)?.[1] ?? 0);
}

function isWhole(text: string): boolean {
  const length = wholeLength(text);
  return length > 0 && text.length >= length;
}

async function play(t: Test, rig: ProxyRig, wire: WireCase, stepwise: boolean): Promise<void> {
  let accept: (socket: Socket) => void = () => {};
  const { port, server } = await rig.serve((socket) => accept(socket));
  if (wire.blocks[0]?.argument === 'original') rig.destination = address('127.0.0.1', port);
  else rig.service(serviceView([port], { protocol: 'http1' }));
  const show = new Play(t, rig, stepwise, await rig.client());
  accept = (socket) => show.accept(socket);
  for (const block of wire.blocks) await show.run(block);
  show.finish();
  show.close();
  server.close();
  await rig.until(() => rig.reactor.slab.chunksInUse === 0, 'no buffer to be left in use').catch(() => {});
  t.equal(rig.reactor.slab.chunksInUse, 0, 'no buffer is left in use');
  t.same(rig.errors, [], 'no handler failed');
}

const filter = process.env['WIRE_CASE'] ?? '';
const cases = readCases(import.meta.dirname).filter(({ page, title }) => `${page} ${title}`.includes(filter));
const rig = new ProxyRig();
for (const wire of cases) {
  for (const stepwise of [false, true]) {
    t.test(`${wire.page}: ${wire.title} (${stepwise ? 'byte by byte' : 'whole'})`, (t) => play(t, rig, wire, stepwise));
  }
}

t.test('the pages hold cases, and nothing is left', async (t) => {
  if (filter === '') t.ok(cases.length > 100, `${cases.length} cases`);
  t.same(await rig.end(), { errors: [], internal: 0, chunks: 0 });
});
