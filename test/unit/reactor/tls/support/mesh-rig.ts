/** Two agents on one reactor: each with its own identities, as two hosts would have them. */
import type { IdentitySet } from '../../../../../src/contract/identity.ts';
import { bindCalls, type RawCalls } from '../../../../../src/reactor/syscalls.ts';
import { MESH_PROTOCOLS, type MeshClientTarget } from '../../../../../src/reactor/tls/mesh/mesh-protocols.ts';
import type { MeshTarget } from '../../../../../src/reactor/tls/mesh/mesh-target.ts';
import { MeshTls } from '../../../../../src/reactor/tls/mesh/mesh-tls.ts';
import { NOTHING_RECEIVED } from '../../../../../src/reactor/tls/tls-engine.ts';
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
import type { End } from './rig.ts';

export const WEB = 'spiffe://example.org/ns/shop/sa/web';
export const ORDERS = 'spiffe://example.org/ns/shop/sa/orders';

export class MeshRig {
  readonly world: World;
  /** Identities of the host that dials; the engine's own are those of the host that accepts. */
  readonly dialling: MeshTls;
  /** `client full`, `server resumed`, `server svid-is-ca`: what was counted, in order. */
  readonly counted: string[] = [];

  constructor(size: WorldSize = ROOMY, calls: RawCalls = bindCalls()) {
    this.world = createWorld(size, calls);
    this.world.reactor.tlsObserver = {
      established: (side, resumed) => this.counted.push(`${side} ${resumed ? 'resumed' : 'full'}`),
      failed: (side, reason) => this.counted.push(`${side} ${reason}`),
    };
    this.dialling = new MeshTls(this.world.reactor.tls.library);
  }

  get accepting(): MeshTls {
    return this.world.reactor.tls.mesh;
  }

  /** @throws Error with the refusal */
  use(client: IdentitySet | null, server: IdentitySet | null): void {
    for (const [mesh, set] of [
      [this.dialling, client],
      [this.accepting, server],
    ] as const) {
      const problem = set === null ? null : mesh.replace(set);
      if (problem !== null) throw new Error(problem);
    }
  }

  dial(port: number, target: MeshClientTarget): End {
    const made = this.dialling.clientTarget(target);
    if ('reason' in made) throw new Error(made.sentence);
    return this.dialWith(port, made);
  }

  /** With what an earlier look has found usable. */
  dialWith(port: number, made: MeshTarget): End {
    const heard = new Recorder(this.world);
    const socket = this.world.reactor.dial(addressOf('127.0.0.1', port), 0, heard);
    if (typeof socket === 'number') throw new Error(`dial: ${socket}`);
    if (!this.world.reactor.tls.startClient(socket, made)) throw new Error('no memory');
    return { socket, heard };
  }

  /** Every accepted connection is put into the returned list. */
  accept(
    identity: string | null = null,
    alpn = MESH_PROTOCOLS.slice(),
  ): { readonly port: number; readonly ends: End[] } {
    const ends: End[] = [];
    const { port } = listen(this.world, '127.0.0.1', (socket) => {
      const heard = new Recorder(this.world);
      socket.handler = heard;
      const problem = this.world.reactor.tls.startMeshServer(socket, { identity, alpn }, NOTHING_RECEIVED);
      if (problem !== null) throw new Error(problem.sentence);
      ends.push({ socket, heard });
    });
    return { port, ends };
  }

  /** Turns until every one of them is established or has failed. */
  async settle(...ends: End[]): Promise<void> {
    await this.until(() => ends.every(isSettled));
  }

  until(done: () => boolean, limitMs = 20_000): Promise<number> {
    return turnUntil(this.world, done, limitMs);
  }

  /** Objects of OpenSSL that are still held when the identities are gone. */
  leftOver(): number {
    this.dialling.close();
    this.accepting.close();
    return this.world.descriptors.natives.count;
  }

  destroy(): void {
    this.dialling.close();
    this.accepting.close();
    destroyWorld(this.world);
  }
}

export function isSettled({ heard, socket }: End): boolean {
  return socket.tls?.established === true || heard.events.some((event) => event.startsWith('error'));
}

/** One object for all connections with the same expectation. */
export function expecting(...expectedIds: string[]): MeshClientTarget {
  return { identity: null, expectedIds, serverName: null, alpn: ['towpath-http/1.1'] };
}
