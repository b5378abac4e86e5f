/** A reactor with TLS for one test, and both ends of connections on it. */

import type { Socket } from '../../../../../src/reactor/socket.ts';
import type { SockAddr } from '../../../../../src/reactor/socket-address.ts';
import { bindCalls, type RawCalls } from '../../../../../src/reactor/syscalls.ts';
import { TlsClientContext, TlsServerContext } from '../../../../../src/reactor/tls/tls-context.ts';
import { NOTHING_RECEIVED } from '../../../../../src/reactor/tls/tls-engine.ts';
import type { ServerContexts } from '../../../../../src/reactor/tls/tls-role.ts';
import { type TargetNames, TlsTarget } from '../../../../../src/reactor/tls/tls-target.ts';
import { Recorder } from '../../support/recorder.ts';
import {
  addressOf,
  createWorld,
  destroyWorld,
  listen,
  ROOMY,
  turnUntil,
  type World,
  type WorldSize,
} from '../../support/world.ts';
import type { Issued, Pki } from './pki.ts';

export interface End {
  readonly socket: Socket;
  readonly heard: Recorder;
}

export class Rig {
  readonly world: World;
  readonly contexts: (TlsClientContext | TlsServerContext)[] = [];

  constructor(size: WorldSize = ROOMY, calls: RawCalls = bindCalls()) {
    this.world = createWorld(size, calls);
  }

  clientContext(trusted: Buffer, identity: Issued | null = null): TlsClientContext {
    const shown = identity === null ? null : { certificates: identity.certificate, key: identity.key };
    return this.#kept(new TlsClientContext(this.world.reactor.tls.library, { trusted, identity: shown }));
  }

  serverContext(
    identity: Issued,
    more: {
      clients?: { trusted: Buffer; required: boolean; announced: boolean };
      protocols?: readonly string[];
      ticketKeys?: Buffer;
    } = {},
  ): TlsServerContext {
    return this.#kept(
      new TlsServerContext(this.world.reactor.tls.library, {
        identity: { certificates: identity.certificate, key: identity.key },
        clients: more.clients ?? null,
        protocols: more.protocols ?? [],
        ticketKeys: more.ticketKeys ?? null,
      }),
    );
  }

  /** Dials `port` of 127.0.0.1 with TLS. */
  dial(port: number, target: TlsTarget): End {
    const heard = new Recorder(this.world);
    const socket = this.world.reactor.dial(addressOf('127.0.0.1', port), 0, heard);
    if (typeof socket === 'number') throw new Error(`dial: ${socket}`);
    if (!this.world.reactor.tls.startClient(socket, target)) throw new Error('no memory');
    return { socket, heard };
  }

  /** Accepts with TLS; every connection is put into the returned list. */
  accept(contexts: ServerContexts | TlsServerContext): { readonly address: SockAddr; readonly ends: End[] } {
    const ends: End[] = [];
    const choice = contexts instanceof TlsServerContext ? { initial: contexts, choose: () => contexts } : contexts;
    const address = listen(this.world, '127.0.0.1', (socket) => {
      const heard = new Recorder(this.world);
      socket.handler = heard;
      if (!this.world.reactor.tls.startServer(socket, choice, NOTHING_RECEIVED)) throw new Error('no memory');
      ends.push({ socket, heard });
    });
    return { address, ends };
  }

  /** Turns until both ends are established, or one has failed. */
  async settle(...ends: End[]): Promise<void> {
    await this.until(() => ends.every(({ heard }) => heard.events.some((event) => /connect|error/.test(event))));
  }

  until(done: () => boolean, limitMs = 20_000): Promise<number> {
    return turnUntil(this.world, done, limitMs);
  }

  /** Objects of OpenSSL that are still held, after closing the contexts. */
  leftOver(): number {
    for (const context of this.contexts.splice(0)) context.close();
    return this.world.descriptors.natives.count;
  }

  destroy(): void {
    for (const context of this.contexts.splice(0)) context.close();
    destroyWorld(this.world);
  }

  #kept<T extends TlsClientContext | TlsServerContext>(context: T): T {
    this.contexts.push(context);
    return context;
  }
}

/** Target of connections to `host`, as a plain client has it. */
export function targetOf(context: TlsClientContext, host: string, more: Partial<TargetNames> = {}): TlsTarget {
  return new TlsTarget(context, {
    serverName: host,
    hosts: [host],
    uris: [],
    protocols: [],
    requireProtocol: false,
    ...more,
  });
}

/** A certificate for `orders.example`. */
export function issueOrders(pki: Pki): Issued {
  return pki.issue({ subject: 'orders', names: 'DNS:orders.example' });
}
