/** `towpath explain --inbound`: what the policies of a workload of this host say of a request that arrives there. */
import type { AccessTrace, DecisionTrace, ExplainQuestion } from '../../contract/decision-trace.ts';
import { plainName } from '../../protocol-sniff/server-name.ts';
import { parseSockAddr } from '../../reactor/socket-address.ts';
import { judgeRequest, tellAccess } from '../authorize-inbound.ts';
import { ConnectionRecord, type RecordSink } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { NO_PORT, readAuthority } from '../explicit/read-authority.ts';
import { tellLimits } from '../limits/tell-limits.ts';
import { judgeArrival } from '../mesh/judge-arrival.ts';
import { explainNoService } from './explain-service.ts';
import { readQuestion } from './read-question.ts';

const SILENT: RecordSink = {
  opened: () => {},
  decided: () => {},
  moved: () => {},
  closed: () => {},
  closedTwice: () => {},
};
const ROOM = 65_536;
const HTTP_PORT = 80;
/** Where nothing else is said. */
const SOMEWHERE = '127.0.0.1';

/** @param arrives who calls, and from where */
export function explainInbound(
  context: Context,
  question: ExplainQuestion,
  arrives: NonNullable<ExplainQuestion['arrives']>,
): { readonly trace: DecisionTrace } | { readonly problem: string } {
  const { parser, reactor, table, hostPolicies } = context;
  const { slab } = reactor;
  const authority = Buffer.from(question.authority, 'utf8');
  const named = readAuthority(authority, 0, authority.length).port;
  const port = named === NO_PORT ? HTTP_PORT : named;
  const problem = readQuestion(parser, slab.bytes, slab.receiveArea, ROOM, question);
  if (problem !== null) return { problem };
  const source = parseSockAddr(arrives.source ?? SOMEWHERE, 0);
  const record = new ConnectionRecord('inbound', source, parseSockAddr(SOMEWHERE, port), reactor.now, SILENT);
  record.service = table.findInbound(port)?.workload ?? '';
  record.peerPrincipal = arrives.principal ?? null;
  // Under mutual TLS the caller's agent asks for the service that was dialled.
  if (arrives.principal !== undefined) record.serverName = plainName(hostOf(question.authority));
  const refused = judgeArrival(
    hostPolicies.mtlsOf(record.service, port),
    arrives.principal === undefined ? 'none' : 'mutual_tls',
  );
  if (refused !== null) return { trace: tellRefused(question, record.service, port, refused.sentence) };
  const judged = hostPolicies.hasAccess ? judgeRequest(context, record, parser.head, slab.bytes, false) : null;
  const workload = nameOf(record.service, port);
  const isAllowed = judged === null || judged.type === 'passed';
  const said = isAllowed ? 'allowed' : `answered ${judged.status}: ${judged.reason}`;
  const policies: AccessTrace = isAllowed || judged.status === 403 ? tellAccess(context, record) : [];
  const sentence = `${workload}: ${said}${policies.length === 0 && isAllowed ? ', since no policy is for it' : ''}`;
  const trace = explainNoService(question, { type: 'workload', service: record.service, port, sentence });
  const decision = isAllowed
    ? ({ type: 'forward', endpoint: 'the program', cluster: '', route: '' } as const)
    : ({ type: 'answer', flag: 'UAEX', status: judged.status, sentence: judged.reason } as const);
  const asked = { client: source, peerPrincipal: record.peerPrincipal, head: parser.head, bytes: slab.bytes };
  const limits = isAllowed ? tellLimits(context.rateLimits.rulesOf(port), asked) : [];
  return { trace: { ...trace, access: policies, limits, decision } };
}

function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '');
}

function nameOf(workload: string, port: number): string {
  return workload === '' ? `port ${port}, which no workload claims` : `${workload} port ${port}`;
}

/** By PeerAuthentication, before any request is read. */
function tellRefused(question: ExplainQuestion, service: string, port: number, why: string): DecisionTrace {
  const sentence = `${nameOf(service, port)}: ${why}`;
  const trace = explainNoService(question, { type: 'workload', service, port, sentence });
  return { ...trace, decision: { type: 'reset', flag: 'NR', sentence: why } };
}
