/** Gets the public keys of an issuer over HTTP, bounded in time and size. */
import type { KeySource } from '../../contract/jwt-views.ts';
import { MAX_JWKS_BYTES, type PublicJwk, parseJwks } from '../../core/json-web-keys.ts';

/** Rejects with a sentence when they cannot be had. Redirects are not followed: where the keys are is the policy's business. */
export async function fetchKeys({ type, url, timeoutMs }: KeySource): Promise<PublicJwk[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  const first = await fetchText(url, signal);
  const keys = parseJwks(type === 'jwks' ? first : await fetchText(keysAddress(first), signal));
  if (!keys.ok) throw new Error(`the key set is not usable: ${keys.error}`);
  return keys.value;
}

/** `jwks_uri` of an OpenID Provider's configuration (OpenID Connect Discovery 1.0, 3). */
function keysAddress(text: string): string {
  const value: unknown = JSON.parse(text);
  const uri = typeof value === 'object' && value !== null && 'jwks_uri' in value ? value.jwks_uri : null;
  if (typeof uri !== 'string' || !/^https?:\/\//.test(uri)) throw new Error('the issuer names no jwks_uri');
  return uri;
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  if (response.status !== 200 || response.body === null) throw new Error(`${url} answers ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_JWKS_BYTES) throw new Error(`${url} answers more than ${MAX_JWKS_BYTES / 1024} KiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
