import { bindLibssl, type LibSsl } from '../libssl.ts';
import type { Slab } from '../slab.ts';
import { HandshakeCallbacks } from './handshake-callbacks.ts';
import type { NativeTable } from './native-table.ts';

/** Behind what kernel.ts uses of the slab's scratch area. */
const SCRATCH_AT = 5120;
/** Room for arguments of one call: names of hosts and protocols, addresses of results. */
export const ARGUMENT_BYTES = 3072;

/** OpenSSL as one data thread uses it: the functions, where their arguments lie, and what must be freed. */
export class TlsLibrary {
  readonly lib: LibSsl;
  readonly slab: Slab;
  readonly natives: NativeTable;
  readonly callbacks: HandshakeCallbacks;
  /** Slab offset of ARGUMENT_BYTES whose contents live for one call. */
  readonly scratch: number;
  /** ms. A test may set it. */
  wallClock: () => number = Date.now;

  /** @throws Error naming the function that this Node lacks */
  constructor(slab: Slab, natives: NativeTable, lib: LibSsl = bindLibssl()) {
    this.lib = lib;
    this.slab = slab;
    this.natives = natives;
    this.callbacks = new HandshakeCallbacks(lib);
    this.scratch = slab.scratch + SCRATCH_AT;
  }

  /** The address of a C string with this text, valid until the scratch area is used again. @throws RangeError if too long */
  textPointer(text: string): bigint {
    return this.bytesPointer(Buffer.from(`${text}\0`, 'latin1'));
  }

  /** The address of a copy of these bytes, valid until the scratch area is used again. @throws RangeError if too long */
  bytesPointer(bytes: Uint8Array): bigint {
    if (bytes.length > ARGUMENT_BYTES) throw new RangeError(`${bytes.length} bytes are too many for one argument`);
    this.slab.bytes.set(bytes, this.scratch);
    return this.slab.pointer(this.scratch, bytes.length);
  }
}
