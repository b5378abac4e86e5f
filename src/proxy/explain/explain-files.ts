/** `towpath explain -f`: the views of files, by the same functions as in a data thread, without sockets. Pure. */
import type { DecisionTrace, ExplainQuestion } from '../../contract/decision-trace.ts';
import { ServiceNames } from '../../contract/service-names.ts';
import { type DirectoryView, type ServiceKey, type ServiceView, serviceKey } from '../../contract/views.ts';
import { HeadParser } from '../codec/http1/head.ts';
import { createLlhttp } from '../codec/http1/llhttp.ts';
import { explainNoService, explainService } from './explain-service.ts';
import { findTarget } from './find-target.ts';
import { readQuestion } from './read-question.ts';

const ROOM = 65_536;

/** @param home the namespace of the program that asks. Returns a sentence when the codec refuses such a request. */
export function explainFiles(
  directory: DirectoryView,
  services: ReadonlyMap<ServiceKey, ServiceView>,
  home: readonly string[],
  question: ExplainQuestion,
): DecisionTrace | string {
  const names = new ServiceNames();
  names.setDirectory(directory.services);
  names.setHome(home);
  const found = findTarget(names, question.authority);
  if (found.type === 'other') return explainNoService(question, found.target);
  const port = found.type === 'service' ? found.port : found.address.port;
  const key = found.type === 'service' ? found.key : serviceAt(directory, found.address.ip);
  const view = key === null ? undefined : services.get(key);
  if (key === null || view === undefined) {
    const sentence = `${question.authority} is no service of the files: the request goes where it was sent`;
    return explainNoService(question, { type: 'original', service: '', port, sentence });
  }
  const portView = view.ports.find((one) => one.port === port);
  if (portView === undefined) {
    const sentence = `the service ${key} has no port ${port}, but ${view.ports.map((one) => one.port).join(', ')}`;
    return explainNoService(question, { type: 'no-such-port', service: key, port, sentence });
  }
  const llhttp = createLlhttp({ slabBytes: ROOM, parsers: 1 });
  const parser = new HeadParser(llhttp);
  const problem = readQuestion(parser, llhttp.bytes, llhttp.slabStart, ROOM, question);
  if (problem !== null) return problem;
  return explainService(view, portView, home, question, parser.head, llhttp.bytes, () => undefined);
}

function serviceAt(directory: DirectoryView, ip: string): ServiceKey | null {
  const entry = directory.services.find(({ virtualIps }) => virtualIps.includes(ip));
  return entry === undefined ? null : serviceKey(entry.namespace, entry.name);
}
