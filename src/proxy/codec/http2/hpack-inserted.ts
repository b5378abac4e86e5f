/** A field of our own; the name is in lower case. Its bytes are not kept, so the value may be another each time. */
export interface Inserted {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}
