/** `towpath cert show` as text. Pure. */
import type { ShowReply } from '../contract/certificate-messages.ts';
import type { CommandIo } from './command.ts';
import { formatTable, paint } from './output.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** So much of a life left is worth a colour: it should have been renewed long ago. */
const LATE_SHARE = 0.25;

/** @param nowMs wall clock */
export function formatCertificates(reply: ShowReply, nowMs: number, io: Pick<CommandIo, 'colour'>): string {
  const { trustDomain, mode, roots, rotation, lifetimeMs } = reply;
  const head = `trust domain ${trustDomain}, certificates for ${duration(lifetimeMs)}, ${mode === 'own' ? 'a root of its own' : 'an authority from files'}\n`;
  const rootRows = roots.map(({ fingerprint, subject, state, notAfterMs, key }) => {
    return [fingerprint.slice(0, 16), state, left(notAfterMs, nowMs), key ? 'here' : '-', subject];
  });
  const parts = [head, formatTable(['root', 'state', 'ends in', 'key', 'subject'], rootRows)];
  if (rotation !== null) parts.push(describeRotation(rotation, nowMs, io));
  parts.push(formatTable(['host', 'identity', 'root', 'ends in', 'state'], hostRows(reply, nowMs, io)));
  return parts.join('\n');
}

function hostRows(reply: ShowReply, nowMs: number, io: Pick<CommandIo, 'colour'>): string[][] {
  return reply.hosts.flatMap(({ host, live, certificates, version, problem }) => {
    const behind = version < reply.version ? 'does not know the newest roots' : null;
    const said = !live ? 'away' : (problem ?? behind ?? 'ok');
    const state = live && said !== 'ok' ? paint(io, 'red', said) : said;
    if (certificates.length === 0) return [[host, '-', '-', '-', state]];
    return certificates.map(({ spiffeId, root, notAfterMs }) => {
      const isLate = notAfterMs - nowMs < reply.lifetimeMs * LATE_SHARE;
      const rest = left(notAfterMs, nowMs);
      return [host, spiffeId, root.slice(0, 16), isLate ? paint(io, 'yellow', rest) : rest, state];
    });
  });
}

function describeRotation(
  { phase, waitingFor, dropAtMs }: NonNullable<ShowReply['rotation']>,
  nowMs: number,
  io: Pick<CommandIo, 'colour'>,
): string {
  const title = paint(io, 'bold', 'rotation of the root:');
  const what =
    phase === 'spread'
      ? 'every host gets the new root; certificates come from the old one'
      : 'certificates come from the new root; the old one is still trusted';
  if (waitingFor.length > 0) {
    const named = waitingFor.slice(0, 5).join(', ');
    const more = waitingFor.length > 5 ? ` and ${waitingFor.length - 5} more` : '';
    return `${title} ${what}; waiting for ${named}${more}\n`;
  }
  const end = phase === 'reissue' && dropAtMs !== null ? `; it is dropped in ${left(dropAtMs, nowMs)}` : '';
  return `${title} ${what}${end}\n`;
}

function left(endMs: number, nowMs: number): string {
  return endMs <= nowMs ? 'ended' : duration(endMs - nowMs);
}

/** `23h59m`, `12m`, `45s`, `3649d`. */
function duration(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)}d`;
  const [hours, minutes, seconds] = [Math.floor(ms / HOUR), Math.floor(ms / MINUTE) % 60, Math.floor(ms / SECOND) % 60];
  if (hours > 0) return minutes === 0 ? `${hours}h` : `${hours}h${minutes}m`;
  if (minutes > 0) return seconds === 0 || minutes >= 10 ? `${minutes}m` : `${minutes}m${seconds}s`;
  return `${seconds}s`;
}
