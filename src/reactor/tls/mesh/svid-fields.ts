/** The fields of a certificate by which a SPIFFE identity is judged, read by OpenSSL. */
import { EXFLAG_CA, EXFLAG_INVALID, GEN_URI, NID_KEY_USAGE, NID_SUBJECT_ALT_NAME } from '../../libssl.ts';
import { copyBytes } from '../../syscalls.ts';
import type { TlsLibrary } from '../tls-library.ts';
import type { SvidFields } from './svid-rules.ts';

/** What OpenSSL answers for an extension that is absent. */
const ABSENT = 0xffffffff;
/** More names, or longer ones, are not looked at: such a certificate is refused for what is left of them. */
const MAX_NAMES = 128;
const MAX_URI_BYTES = 4096;
const MAX_URIS = 4;

/** @param x509 X509 *, which outlives the call */
export function readSvidFields(library: TlsLibrary, x509: bigint): SvidFields {
  const { lib } = library;
  const flags = lib.X509_get_extension_flags(x509);
  const keyUsage = lib.X509_get_key_usage(x509);
  const extendedKeyUsage = lib.X509_get_extended_key_usage(x509);
  const names = readUriNames(library, x509);
  return {
    uris: names ?? [],
    malformed: names === null || (flags & EXFLAG_INVALID) !== 0,
    isCa: (flags & EXFLAG_CA) !== 0,
    keyUsage: keyUsage === ABSENT ? null : keyUsage,
    keyUsageCritical: isCritical(library, x509, NID_KEY_USAGE),
    extendedKeyUsage: extendedKeyUsage === ABSENT ? null : extendedKeyUsage,
  };
}

function isCritical({ lib }: TlsLibrary, x509: bigint, nid: number): boolean {
  const at = lib.X509_get_ext_by_NID(x509, nid, -1);
  return at >= 0 && lib.X509_EXTENSION_get_critical(lib.X509_get_ext(x509, at)) === 1;
}

/** null: the extension is there, but cannot be read, or is there twice, or holds more than any honest one. */
function readUriNames({ lib, slab, scratch }: TlsLibrary, x509: bigint): string[] | null {
  const critical = slab.pointer(scratch, 4);
  const names = lib.X509_get_ext_d2i(x509, NID_SUBJECT_ALT_NAME, critical, 0n);
  if (names === 0n) return slab.view.getInt32(scratch, true) === -1 ? [] : null;
  const uris: string[] = [];
  const count = lib.OPENSSL_sk_num(names);
  let whole = count <= MAX_NAMES;
  for (let i = 0; i < Math.min(count, MAX_NAMES); i++) {
    const value = lib.GENERAL_NAME_get0_value(lib.OPENSSL_sk_value(names, i), slab.pointer(scratch, 4));
    if (slab.view.getInt32(scratch, true) !== GEN_URI) continue;
    const length = lib.ASN1_STRING_length(value);
    whole &&= length <= MAX_URI_BYTES && uris.length < MAX_URIS;
    if (whole) uris.push(length <= 0 ? '' : copyBytes(lib.ASN1_STRING_get0_data(value), length).toString('latin1'));
  }
  lib.GENERAL_NAMES_free(names);
  return whole ? uris : null;
}

/** Seconds until the certificate ends; 0 = it has ended, or begins later. */
export function secondsLeft({ lib, slab, scratch }: TlsLibrary, x509: bigint): number {
  if (lib.X509_cmp_current_time(lib.X509_get0_notBefore(x509)) >= 0) return 0;
  // From now (the null pointer) to its end: whole days, and seconds of the last one.
  const done = lib.ASN1_TIME_diff(
    slab.pointer(scratch, 4),
    slab.pointer(scratch + 4, 4),
    0n,
    lib.X509_get0_notAfter(x509),
  );
  if (done !== 1) return 0;
  return Math.max(0, slab.view.getInt32(scratch, true) * 86_400 + slab.view.getInt32(scratch + 4, true));
}
