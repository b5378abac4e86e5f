/** `towpath explain` in a data thread: the trace of the view in force, the state of endpoints, and one decision made as for traffic. */
import type { DecisionTrace, EndpointTrace, ExplainQuestion } from '../../contract/decision-trace.ts';
import type { ServiceKey } from '../../contract/views.ts';
import { parseSockAddr } from '../../reactor/socket-address.ts';
import { ConnectionRecord, type RecordSink } from '../connection-record.ts';
import type { Context } from '../context.ts';
import { decideRequest } from '../decide-request.ts';
import type { Cluster } from '../endpoints/cluster.ts';
import { describeContent } from '../own-content.ts';
import type { ServicePort } from '../service-port.ts';
import { explainInbound } from './explain-inbound.ts';
import { explainNoService, explainService, type StateOf } from './explain-service.ts';
import { type FoundTarget, findTarget } from './find-target.ts';
import { readQuestion } from './read-question.ts';

/** No connection is counted for a question. */
const SILENT: RecordSink = {
  opened: () => {},
  decided: () => {},
  moved: () => {},
  closed: () => {},
  closedTwice: () => {},
};
const ROOM = 65_536;

/**
 * Calls back once: at once, or when the view of a service that nobody has dialled yet has come, as a first connection would wait for it.
 * `problem`: the codec refuses such a request.
 */
export function explainRequest(
  context: Context,
  question: ExplainQuestion,
  done: (answer: { readonly trace: DecisionTrace } | { readonly problem: string }) => void,
): void {
  const { table } = context;
  if (question.arrives !== undefined) return done(explainInbound(context, question, question.arrives));
  const found = findTarget(table.names, question.authority);
  if (found.type === 'other') return done({ trace: explainNoService(question, found.target) });
  const key = found.type === 'service' ? found.key : table.serviceAt(found.address);
  if (key === null) return done({ trace: explainOutside(context, question, found) });
  const port = found.type === 'service' ? found.port : found.address.port;
  if (table.view(key) !== null) return done(explainKnown(context, question, key, port));
  context.whenServiceArrives(key, (arrived) => {
    if (arrived && table.view(key) !== null) return done(explainKnown(context, question, key, port));
    const sentence = `no view of the service ${key} came within ${context.limits.viewTimeoutMs} ms`;
    done({ trace: explainNoService(question, { type: 'no-view', service: key, port, sentence }) });
  });
}

/** An address that no service has. */
function explainOutside({ table }: Context, question: ExplainQuestion, found: FoundTarget): DecisionTrace {
  if (found.type !== 'address') throw new Error('a service without a key');
  const { address } = found;
  const { ip, port } = address;
  if (table.find(address).type === 'no-such-service') {
    const sentence = `no service has the virtual address ${ip}: the request is answered 503`;
    return explainNoService(question, { type: 'no-such-service', service: '', port, sentence });
  }
  const sentence = `${address} is no service: the request goes where it was sent`;
  return explainNoService(question, { type: 'original', service: '', port, sentence });
}

function explainKnown(
  context: Context,
  question: ExplainQuestion,
  key: ServiceKey,
  port: number,
): { readonly trace: DecisionTrace } | { readonly problem: string } {
  const { table, parser, reactor } = context;
  const view = table.view(key);
  const target = table.findPort(key, port);
  const portView = view?.ports.find((one) => one.port === port);
  if (view === null || portView === undefined || target.type !== 'service') {
    const ports = view?.ports.map((one) => one.port).join(', ') ?? '';
    const sentence = `the service ${key} has no port ${port}, but ${ports}`;
    return { trace: explainNoService(question, { type: 'no-such-port', service: key, port, sentence }) };
  }
  const { slab } = reactor;
  const problem = readQuestion(parser, slab.bytes, slab.receiveArea, ROOM, question);
  if (problem !== null) return { problem };
  const { head } = parser;
  const trace = explainService(
    view,
    portView,
    [table.home],
    question,
    head,
    slab.bytes,
    stateIn(target.port, reactor.now),
  );
  const [ip] = view.virtualIps;
  if (ip === undefined) return { trace };
  const record = new ConnectionRecord('outbound', null, null, reactor.now, SILENT);
  const destination = parseSockAddr(ip, port);
  if (destination === null) return { trace };
  const decision = context.rateLimits.asIf(() => decideRequest(context, record, destination, head, slab.bytes));
  return { trace: { ...trace, decision: tell(decision) } };
}

function tell(decision: ReturnType<typeof decideRequest>): DecisionTrace['decision'] {
  if (decision.type === 'forward') {
    const { endpoint, cluster, route } = decision;
    return { type: 'forward', endpoint: endpoint.text, cluster: cluster?.key ?? '', route };
  }
  const { flag, status, sentence, content } = decision;
  return {
    type: 'answer',
    flag,
    status,
    sentence: content === undefined ? sentence : describeContent(status, content),
  };
}

/** The endpoints of the clusters that a port may choose, by cluster and address. */
function stateIn(port: ServicePort, now: number): StateOf {
  const routings = [port.http, ...(port.consumers?.values() ?? [])];
  const backends = routings.flatMap((http) => http?.actions ?? []).flatMap((action) => action.backends);
  const known = new Map<string, EndpointTrace['state']>();
  for (const cluster of [port.cluster, ...backends.map((backend) => backend.cluster)]) {
    if (cluster !== null) addStates(known, cluster, now);
  }
  return (cluster, address) => known.get(`${cluster} ${address}`);
}

function addStates(known: Map<string, EndpointTrace['state']>, { key, endpoints, health }: Cluster, now: number): void {
  for (const { endpoint } of endpoints) {
    const { active, idle, text, tls } = endpoint;
    const mutualTls = tls?.isMesh === true;
    known.set(`${key} ${text}`, { active, idleConnections: idle.length, mutualTls, problem: tls?.problem || null });
  }
  for (const { endpoint, isUsable, ejectedUntil, passes } of health?.states() ?? []) {
    const state = known.get(`${key} ${endpoint.text}`);
    if (state === undefined) continue;
    known.set(`${key} ${endpoint.text}`, {
      ...state,
      unusable: !isUsable,
      ...(ejectedUntil > 0 && { ejectedForMs: Math.max(0, Math.round(ejectedUntil - now)) }),
      ...(passes === false && { failsChecks: true }),
    });
  }
}
