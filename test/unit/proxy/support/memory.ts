/** Memory and heads for tests without sockets. */
import { Http2Head } from '../../../../src/proxy/codec/http2/http2-head.ts';
import { MINIMUM_SLAB_BYTES, Slab } from '../../../../src/reactor/slab.ts';

export function makeSlab(): Slab {
  const bytes = MINIMUM_SLAB_BYTES + 2 * 1024 * 1024;
  return new Slab(new ArrayBuffer(bytes), 0, bytes);
}

/** Puts text into the memory; returns where. */
export function put(slab: Slab, text: string, at: number): number {
  slab.bytes.write(text, at, 'latin1');
  return at;
}

/** Text of the memory. */
export function read(slab: Slab, at: number, length: number): string {
  return slab.bytes.toString('latin1', at, at + length);
}

/** A request head as a decoder would leave it, its bytes in the receive area. Kinds of fields by name, others 0. */
export function makeHead(
  slab: Slab,
  start: { method?: string; target?: string; authority?: string; scheme?: string; status?: number },
  fields: readonly (readonly [name: string, value: string, kind?: number])[],
): Http2Head {
  const head = new Http2Head(64);
  let at = slab.receiveArea;
  const place = (text: string): number => {
    const from = put(slab, text, at);
    at += text.length;
    return from;
  };
  head.reset(start.status === undefined);
  head.status = start.status ?? 0;
  const { method = 'GET', target = '/', authority = 'orders', scheme = 'http' } = start;
  head.methodAt = place(method);
  head.methodLength = method.length;
  head.isHead = method === 'HEAD';
  head.targetAt = place(target);
  head.targetLength = target.length;
  const question = target.indexOf('?');
  head.pathAt = head.targetAt;
  head.pathLength = question < 0 ? target.length : question;
  head.queryAt = head.targetAt + (question < 0 ? target.length : question + 1);
  head.queryLength = question < 0 ? 0 : target.length - question - 1;
  head.authorityAt = place(authority);
  head.authorityLength = authority.length;
  head.schemeAt = place(scheme);
  head.schemeLength = scheme.length;
  fields.forEach(([name, value, kind = 0], i) => {
    head.nameAt[i] = place(name);
    head.nameLength[i] = name.length;
    head.valueAt[i] = place(value);
    head.valueLength[i] = value.length;
    head.fieldKind[i] = kind;
    if (name === 'content-length') head.contentLength = Number(value);
  });
  head.fieldCount = fields.length;
  return head;
}

/** The fields of a head as text. */
export function fieldsOf(slab: Slab, head: Http2Head): [string, string][] {
  return Array.from({ length: head.fieldCount }, (_, i) => [
    read(slab, head.nameAt[i], head.nameLength[i]),
    read(slab, head.valueAt[i], head.valueLength[i]),
  ]);
}
