/**
 * A certificate request (PKCS #10, RFC 2986) for a P-256 key and one SPIFFE ID, written out in DER: it has one fixed form, and the library
 * that control uses would cost every agent 20 MB of memory for it. Pure but for the signature's randomness.
 */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
/** Context tags: the attributes of a request, and a URI among general names (RFC 5280 4.2.1.6). */
const ATTRIBUTES = 0xa0;
const URI = 0x86;

/** Encoded object identifiers: PKCS #9 extensionRequest, subjectAltName, ecdsa-with-SHA256. */
const EXTENSION_REQUEST = Buffer.from('06092a864886f70d01090e', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');

/** PEM. @param key a P-256 private key; its public part is what is asked for, and it proves that the asker has it */
export function certificateRequest(key: KeyObject, spiffeId: string): string {
  const names = tagged(SEQUENCE, tagged(URI, Buffer.from(spiffeId, 'ascii')));
  const extension = tagged(SEQUENCE, SUBJECT_ALT_NAME, tagged(OCTET_STRING, names));
  const attribute = tagged(SEQUENCE, EXTENSION_REQUEST, tagged(SET, tagged(SEQUENCE, extension)));
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const noSubject = tagged(SEQUENCE);
  const version = tagged(INTEGER, Buffer.of(0));
  const facts = tagged(SEQUENCE, version, noSubject, publicKey, tagged(ATTRIBUTES, attribute));
  const signature = sign('sha256', facts, key);
  const noUnusedBits = Buffer.of(0);
  const request = tagged(
    SEQUENCE,
    facts,
    tagged(SEQUENCE, ECDSA_WITH_SHA256),
    tagged(BIT_STRING, noUnusedBits, signature),
  );
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** Tag, length (X.690 8.1.3, shortest form), content. */
function tagged(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), ...content]);
  const digits = length > 0xff ? [length >> 8, length & 0xff] : [length];
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length, ...digits), ...content]);
}
