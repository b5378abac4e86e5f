/** What the proxy wants to know of a request's fields, found in one look over them. */
import type { MessageHead } from '../codec/message-head.ts';

/** One reused object. */
export interface RequestTraits {
  /** A POST whose content-type is application/grpc, with `+proto` or the like, or parameters; not application/grpc-web. */
  isGrpc: boolean;
  /** Field `grpc-timeout`, -1 = none. */
  timeoutField: number;
  hasRequestId: boolean;
}

/** By chance all three names have this length. */
const NAME_LENGTH = 12;
const CONTENT_TYPE = 'content-type';
const GRPC_TIMEOUT = 'grpc-timeout';
const REQUEST_ID = 'x-request-id';
const GRPC = 'application/grpc';
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const P = 0x50;

export function readTraits(bytes: Uint8Array, head: MessageHead, traits: RequestTraits): void {
  traits.isGrpc = false;
  traits.timeoutField = -1;
  traits.hasRequestId = false;
  const isPost = head.methodLength === 4 && bytes[head.methodAt] === P;
  const { nameAt, nameLength, fieldCount } = head;
  for (let i = 0; i < fieldCount; i++) {
    if (nameLength[i] !== NAME_LENGTH) continue;
    const at = nameAt[i];
    if (spells(bytes, at, REQUEST_ID)) traits.hasRequestId = true;
    else if (isPost && spells(bytes, at, CONTENT_TYPE)) traits.isGrpc = isGrpcType(bytes, head, i);
    else if (isPost && spells(bytes, at, GRPC_TIMEOUT)) traits.timeoutField = i;
  }
}

function isGrpcType(bytes: Uint8Array, head: MessageHead, field: number): boolean {
  const at = head.valueAt[field];
  const length = head.valueLength[field];
  if (length < GRPC.length || !spells(bytes, at, GRPC)) return false;
  const next = bytes[at + GRPC.length];
  return length === GRPC.length || next === PLUS || next === SEMICOLON;
}

/** Letters' case aside: fields may come from HTTP/1.1. */
function spells(bytes: Uint8Array, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[at + i];
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== lower.charCodeAt(i)) return false;
  }
  return true;
}
