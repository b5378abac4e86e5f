/** A session in the client role with requests under way. */
import { type Fields, GET } from './frame-text.ts';
import { makeHead } from './make-head.ts';
import { type RigOptions, SessionRig } from './session-rig.ts';

export function createClient(options: RigOptions = {}): SessionRig {
  return new SessionRig('client', options).greet();
}

/** Sends a request; returns the id of its stream. */
export function request(rig: SessionRig, fields: Fields = GET, end = true): number {
  return rig.open(makeHead(rig.memory, 'request', fields), end).id;
}
