/** Every mistake in interception settings at once, before anything touches the host. Pure. */
import type { Problem } from '../core/errors.ts';
import { containsCidr, parseCidr } from './cidr.ts';
import type { InterceptionSettings, PortRange, ProgramRedirect } from './settings.ts';

const CODE = 'TWP1301';
/** Longest list we hand to the kernel; far above what people write, far below what slows the first packet of a connection. */
const LIST_LIMIT = 1000;
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(parseCidr);
/** Linux's IFNAMSIZ without the final zero. `+` matches any rest, as iptables has it. */
const INTERFACE = /^[A-Za-z0-9_][A-Za-z0-9_.@:-]{0,14}\+?$/;
const HIGHEST_ID = 0xffff_fffe;

/** Problems with field paths such as `outbound.excludeCidrs[2]`; empty when the settings can be rendered. */
export function validateSettings(settings: InterceptionSettings): Problem[] {
  const { outbound, inbound } = settings;
  return [
    ...checkPort('outboundPort', settings.outboundPort),
    ...checkPort('inboundPort', settings.inboundPort),
    ...(settings.outboundPort === settings.inboundPort
      ? [problem('inboundPort', `${settings.inboundPort} is the outbound port as well: choose two ports`)]
      : []),
    ...checkDnsPort(settings),
    ...checkId('gid', settings.gid),
    ...(settings.gid === 0 ? [problem('gid', '0 is the group of root: no program of root would be captured')] : []),
    ...checkList('virtualIpRanges', settings.virtualIpRanges, checkVirtualRange),
    ...checkPorts('outbound.includePorts', outbound.includePorts),
    ...checkPorts('outbound.excludePorts', outbound.excludePorts),
    ...checkPorts('inbound.includePorts', inbound.includePorts),
    ...checkPorts('inbound.excludePorts', inbound.excludePorts),
    ...checkList('outbound.includeCidrs', outbound.includeCidrs, checkCidr),
    ...checkList('outbound.excludeCidrs', outbound.excludeCidrs, checkCidr),
    ...checkList('inbound.includeCidrs', inbound.includeCidrs, checkCidr),
    ...checkList('inbound.excludeCidrs', inbound.excludeCidrs, checkCidr),
    ...checkList('outbound.includeUids', outbound.includeUids, checkId),
    ...checkList('outbound.excludeUids', outbound.excludeUids, checkId),
    ...checkList('outbound.includeGids', outbound.includeGids, checkId),
    ...checkList('outbound.excludeGids', outbound.excludeGids, checkId),
    ...checkList('programs', settings.programs, (path, program) => checkProgram(path, program, settings)),
    ...checkList('inbound.includeInterfaces', inbound.includeInterfaces, checkInterface),
    ...checkList('inbound.excludeInterfaces', inbound.excludeInterfaces, checkInterface),
  ];
}

function problem(path: string, message: string): Problem {
  return { code: CODE, path, message };
}

function checkList<T>(path: string, list: readonly T[], check: (path: string, value: T) => Problem[]): Problem[] {
  if (list.length > LIST_LIMIT) return [problem(path, `has ${list.length} entries; at most ${LIST_LIMIT} are allowed`)];
  return list.flatMap((value, i) => check(`${path}[${i}]`, value));
}

function checkPort(path: string, port: number): Problem[] {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return [];
  return [problem(path, `${port} is not a port: use 1 to 65535`)];
}

function checkProgram(path: string, { port, uids, gids }: ProgramRedirect, settings: InterceptionSettings): Problem[] {
  const { outboundPort, inboundPort, dnsPort } = settings;
  return [
    ...checkPort(`${path}.port`, port),
    ...([outboundPort, inboundPort, dnsPort].includes(port)
      ? [problem(`${path}.port`, `${port} is a capture port as well: choose another`)]
      : []),
    ...checkList(`${path}.uids`, uids, checkId),
    ...checkList(`${path}.gids`, gids, checkId),
  ];
}

function checkDnsPort({ dnsPort, outboundPort, inboundPort }: InterceptionSettings): Problem[] {
  if (dnsPort === null) return [];
  if (dnsPort === outboundPort || dnsPort === inboundPort)
    return [problem('dnsPort', `${dnsPort} is a capture port as well: choose another`)];
  return checkPort('dnsPort', dnsPort);
}

function checkPorts(path: string, ports: readonly PortRange[] | '*'): Problem[] {
  if (ports === '*') return [];
  return checkList(path, ports, (at, range) => {
    const problems = [...checkPort(at, range.from), ...(range.to === range.from ? [] : checkPort(at, range.to))];
    if (problems.length > 0 || range.from <= range.to) return problems;
    return [problem(at, `${range.from}-${range.to} runs backwards`)];
  });
}

function checkId(path: string, id: number): Problem[] {
  if (Number.isInteger(id) && id >= 0 && id <= HIGHEST_ID) return [];
  return [problem(path, `${id} is not a numeric id: use 0 to ${HIGHEST_ID}`)];
}

function checkCidr(path: string, text: string): Problem[] {
  if (parseCidr(text) !== undefined) return [];
  return [problem(path, `"${text}" is not an address range: write 10.0.0.0/8 or fd00::/16`)];
}

function checkVirtualRange(path: string, text: string): Problem[] {
  const range = parseCidr(text);
  if (range === undefined) return checkCidr(path, text);
  if (range.prefix === 0) return [problem(path, `"${text}" is the whole internet`)];
  if (LOOPBACK.some((loopback) => loopback !== undefined && containsCidr(loopback, range))) {
    return [problem(path, `"${text}" is loopback: virtual addresses need a range of their own`)];
  }
  return [];
}

function checkInterface(path: string, name: string): Problem[] {
  if (INTERFACE.test(name)) return [];
  return [problem(path, `"${name}" is not an interface name: write eth0, or docker+ for all that begin with docker`)];
}
