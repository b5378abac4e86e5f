/**
 * One condition of a policy, ready to be asked. Positive: one of its values matches; negative: none does. Where a request can be read in
 * several ways, a DENY holds if one of them matches and an ALLOW only if all do, so that no way of writing gets around a policy.
 */
import type { Attribute, ClauseView } from '../../../contract/authorization-views.ts';
import type { SockAddr } from '../../../reactor/socket-address.ts';
import { constantBytes, equalsLower } from '../../codec/http1/bytes.ts';
import type { MessageHead } from '../../codec/message-head.ts';
import { claimTexts, type VerifiedToken } from '../jwt/verified-token.ts';
import { DECODED_TWICE, PathReadings, READINGS, WITHOUT_LAST_SLASH } from '../path-readings.ts';
import type { Asked } from './asked.ts';
import { HostMatcher, type HostReading } from './host-reading.ts';
import { IpBlock } from './ip-block.ts';
import { type PathMatcher, pathMatcher } from './path-matcher.ts';
import { accountPath, hasAccount, namespaceMatches, trustDomainMatches } from './principal-parts.ts';
import { ValueMatcher } from './value-matcher.ts';

/** A clause of a DENY or AUDIT is wide: in doubt it holds. One of an ALLOW is narrow: in doubt it does not. */
export type Width = 'wide' | 'narrow';

export interface Clause {
  readonly view: ClauseView;
  /** Only a request can tell: about a connection as a whole a wide clause holds, a narrow one does not (Istio's TCP rules). */
  readonly needsRequest: boolean;
  holds(asked: Asked): boolean;
}

export function compileClause(view: ClauseView, width: Width): Clause {
  const matches = compileMatch(view, width);
  if (!isOfRequest(view.attribute)) {
    return { view, needsRequest: false, holds: (asked) => matches(asked, NO_HEAD) !== view.not };
  }
  const inDoubt = width === 'wide';
  const holds = (asked: Asked): boolean =>
    asked.head === null ? inDoubt !== asked.forAllRequests : matches(asked, asked.head) !== view.not;
  return { view, needsRequest: true, holds };
}

export function isOfRequest(attribute: Attribute): boolean {
  return attribute.startsWith('request.');
}

type Match = (asked: Asked, head: MessageHead) => boolean;

const NO_INTS = new Int32Array(0);
/** Never looked at: for clauses that no request is needed for. */
const NO_HEAD = { fieldCount: 0, nameAt: NO_INTS } as unknown as MessageHead;

/** Whether one of the values matches. A negative clause turns the answer, and with it what is done in doubt. */
function compileMatch(view: ClauseView, width: Width): Match {
  const { attribute, key, values, not } = view;
  const anyReading = (width === 'wide') !== not;
  switch (attribute) {
    case 'source.principal':
      return onText(values, ({ principal }) => principal);
    case 'source.namespace':
      return onPrincipal(values, namespaceMatches);
    case 'source.serviceAccount':
      return onAccount(values);
    case 'source.trustDomain':
      return onPrincipal(values, trustDomainMatches);
    case 'source.ip':
    case 'remote.ip':
      return onAddress(values, ({ source }) => source);
    case 'destination.ip':
      return onAddress(values, ({ destination }) => destination);
    case 'destination.port':
      return onPort(values);
    case 'connection.sni':
      return onText(values.map(readServerName), ({ serverName }) => (serverName === '' ? null : serverName));
    case 'request.auth.principal':
      return onToken(values, (token) => (token.principal === '' ? [] : [token.principal]));
    case 'request.auth.audiences':
      return onToken(values, (token) => token.audiences);
    case 'request.auth.presenter':
      return onToken(values, (token) => (token.presenter === '' ? [] : [token.presenter]));
    case 'request.auth.claims':
      return onToken(values, (token) => claimTexts(token, key));
    case 'request.headers':
      return onHeader(key[0] ?? '', values, anyReading);
    case 'request.host':
      return onHost(values, anyReading);
    case 'request.method':
      return onMethod(values, width);
    case 'request.path':
      return onPath(values, width, anyReading);
  }
}

function matchersOf(values: readonly string[]): ValueMatcher[] {
  return values.map((value) => new ValueMatcher(value));
}

function onText(values: readonly string[], read: (asked: Asked) => string | null): Match {
  const matchers = matchersOf(values);
  return (asked) => {
    const text = read(asked);
    if (text === null) return false;
    for (let i = 0; i < matchers.length; i++) if ((matchers[i] as ValueMatcher).matchesText(text)) return true;
    return false;
  };
}

/** As `ConnectionRecord.serverName` is written. */
function readServerName(value: string): string {
  return value.toLowerCase().replace(/\.+$/, '');
}

function onPrincipal(values: readonly string[], matches: (principal: string, matcher: ValueMatcher) => boolean): Match {
  const matchers = matchersOf(values);
  return ({ principal }) => {
    if (principal === null) return false;
    for (let i = 0; i < matchers.length; i++) if (matches(principal, matchers[i] as ValueMatcher)) return true;
    return false;
  };
}

function onAccount(values: readonly string[]): Match {
  const paths = values.map(accountPath);
  return ({ principal }) => {
    if (principal === null) return false;
    for (let i = 0; i < paths.length; i++) if (hasAccount(principal, paths[i] as string)) return true;
    return false;
  };
}

function onAddress(values: readonly string[], read: (asked: Asked) => SockAddr | null): Match {
  const blocks = values.flatMap((value) => IpBlock.parse(value) ?? []);
  return (asked) => {
    const address = read(asked);
    if (address === null) return false;
    for (let i = 0; i < blocks.length; i++) if ((blocks[i] as IpBlock).contains(address)) return true;
    return false;
  };
}

function onPort(values: readonly string[]): Match {
  const ports = new Set(values.map(Number));
  return ({ destination }) => destination !== null && ports.has(destination.port);
}

function onToken(values: readonly string[], read: (token: VerifiedToken) => readonly string[]): Match {
  const matchers = matchersOf(values);
  return ({ token }) => {
    if (token === null) return false;
    return read(token).some((text) => matchers.some((matcher) => matcher.matchesText(text)));
  };
}

/** Of a header that comes several times: one of its values, or all of them. */
function onHeader(name: string, values: readonly string[], any: boolean): Match {
  const lower = constantBytes(name.toLowerCase());
  const matchers = matchersOf(values);
  return ({ bytes }, head) => {
    let found = false;
    for (let i = 0; i < head.fieldCount; i++) {
      if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, lower)) continue;
      found = matchesOne(matchers, bytes, head.valueAt[i] as number, head.valueLength[i] as number);
      if (found === any) return found;
    }
    return found;
  };
}

function matchesOne(matchers: readonly PathMatcher[], bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < matchers.length; i++)
    if ((matchers[i] as PathMatcher).matchesBytes(bytes, at, length)) return true;
  return false;
}

const HOST = constantBytes('host');

/** An absolute target overrules Host; programs that go by Host all the same must not be reached past a DENY. */
function onHost(values: readonly string[], any: boolean): Match {
  const matchers = values.map((value) => new HostMatcher(value));
  const matches = (host: HostReading): boolean => matchers.some((matcher) => matcher.matches(host));
  return (asked, head) => {
    const first = head.authorityLength > 0 && matches(asked.readHost(head));
    if (!head.absoluteForm || first === any) return first;
    const { bytes } = asked;
    for (let i = 0; i < head.fieldCount; i++) {
      if (!equalsLower(bytes, head.nameAt[i] as number, head.nameLength[i] as number, HOST)) continue;
      asked.secondHost.read(bytes, head.valueAt[i] as number, head.valueLength[i] as number);
      if (matches(asked.secondHost) === any) return any;
    }
    return first;
  };
}

function onMethod(values: readonly string[], width: Width): Match {
  const matchers = values.map((value) => new ValueMatcher(value, width === 'wide' ? 'ignored' : 'exact'));
  return ({ bytes }, head) => matchesOne(matchers, bytes, head.methodAt, head.methodLength);
}

/** Each value in the readings that a path may have, since a policy may write `%20` too. */
function onPath(values: readonly string[], width: Width, any: boolean): Match {
  const letters = width === 'wide' ? 'ignored' : 'exact';
  const byReading = Array.from({ length: READINGS }, (_, reading) =>
    values.map((value) => pathMatcher(readValue(value, reading), letters)),
  );
  return (asked, head) => {
    const paths = asked.readPaths(head);
    // A path that cannot be read, or none at all: what is in doubt holds when wide.
    if (paths.count === 0) return any && head.pathLength > 0;
    if (paths.count === 1)
      return matchesOne(byReading[0] as PathMatcher[], paths.bytes, paths.startOf(0), paths.lengthOf(0));
    // A narrow clause does not care for a slash at the end: it is none of the readings that reach something else.
    const readings = width === 'wide' ? READINGS : READINGS - 1;
    for (let i = 0; i < readings; i++) {
      const matches = matchesOne(byReading[i] as PathMatcher[], paths.bytes, paths.startOf(i), paths.lengthOf(i));
      if (matches === any) return any;
    }
    return !any;
  };
}

const reader = new PathReadings();

/** A value of a policy as a path in that reading; its `*` stay. */
function readValue(value: string, reading: number): string {
  if (value.includes('{')) return value;
  const [start, end] = [value.startsWith('*') ? '*' : '', value.length > 1 && value.endsWith('*') ? '*' : ''];
  const text = Buffer.from(value.slice(start.length, value.length - end.length), 'latin1');
  reader.read(text, 0, text.length);
  if (reader.count <= 1) return value;
  // The slash before a `*` is no last one: `/.git/*` is not about `/.gitignore`.
  const which = end !== '' && reading === WITHOUT_LAST_SLASH ? DECODED_TWICE : reading;
  const at = reader.startOf(which);
  return start + Buffer.from(reader.bytes.subarray(at, at + reader.lengthOf(which))).toString('latin1') + end;
}
