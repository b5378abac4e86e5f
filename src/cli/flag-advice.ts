/** What to look at when a request failed with that response flag. */
import { RESPONSE_FLAGS, type ResponseFlag } from '../proxy/response-flags.ts';

const ADVICE: Readonly<Record<ResponseFlag, string>> = {
  DC: "nothing on this side: the client gave up; look at the client's own timeout, and at how long the endpoint takes",
  DPE: 'the bytes that the client sends, or its library: the sentence says which rule of HTTP they break',
  DF: 'the name, and the resolver of this host (`getent hosts NAME`)',
  NR: 'the routes of the service: `towpath explain METHOD URL` tells which rules were tried',
  NC: '`towpath analyze` and `towpath describe` of the route: a backend that it names is missing, or has no weight',
  UH: '`towpath describe service` tells which workloads it picks and whether they are healthy',
  UF: 'whether the program listens on that address and port, and whether a firewall lets this host through',
  UC: "the endpoint's own log: it closed the connection before its answer was complete",
  UR: "the endpoint's own log: it reset the stream",
  URX: "the endpoints' own logs: every try that the route allows was used up",
  UT: 'how long the endpoint takes, and `timeouts` of the route',
  UPE: 'what the endpoint sends: the sentence says which rule of HTTP it breaks',
  UO: 'the limit that the sentence names (BackendTrafficPolicy, or `limits` of the agent), and why so much is under way',
  DI: 'the fault rule of the route, which delays on purpose',
  FI: 'the fault rule of the route, which aborts on purpose',
  UMSDR: 'the longest time of a stream that the policy allows, and how long the endpoint takes',
  UAEX: 'the policies of the workload: `towpath explain METHOD URL --inbound` tells which one decides',
  RL: 'who calls how often: `towpath quota` shows limits, use and callers',
  RLSE: 'whether control runs: it hands out the tokens of global limits; `onOutage` of the policy says what happens without it',
  SI: 'the client: it was silent for longer than `limits` of the agent allow',
};

/** @param status of the answer; @param flag as in the record, which another version may have written */
export function adviceFor(flag: string, status: number): string {
  if (isFlag(flag)) return ADVICE[flag];
  return status === 401 || status === 403
    ? 'the policies of the workload: `towpath explain METHOD URL --inbound` tells which one decides'
    : 'the sentence, and the agent’s log at that time';
}

/** '' = unknown. */
export function meaningOf(flag: string): string {
  return isFlag(flag) ? RESPONSE_FLAGS[flag].meaning : '';
}

function isFlag(flag: string): flag is ResponseFlag {
  return Object.hasOwn(ADVICE, flag);
}
