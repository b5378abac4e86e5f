/** The admin port's paths. Loopback only, and not for web pages: a browser's cross-site request is refused. */
import { isIP } from 'node:net';
import { LOG_LEVELS, type LogLevel } from '../../config/agent-config.ts';
import { whyRequestSchema } from '../../contract/failure-record.ts';
import { UserError } from '../../core/errors.ts';
import { type Answer, type HttpRequest, jsonAnswer, textAnswer } from './serve-http.ts';

/** What the admin port may ask of the agent. */
export interface AdminSubject {
  config(): unknown;
  status(): Promise<unknown>;
  dump(): Promise<unknown>;
  /** Throws UserError when the body is no question. */
  explain(body: unknown): Promise<unknown>;
  /** What is known of that id. */
  why(id: string): unknown;
  logLevel(): LogLevel;
  setLogLevel(level: LogLevel): void;
  /** Begins the stop sequence and returns at once. */
  drain(): void;
}

type Handler = (subject: AdminSubject, request: HttpRequest) => Promise<Answer>;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /config': async (subject) => jsonAnswer(200, subject.config()),
  'GET /status': async (subject) => jsonAnswer(200, await subject.status()),
  'GET /dump': async (subject) => jsonAnswer(200, await subject.dump()),
  'GET /explain': async (subject, { query }) => explain(subject, query),
  'GET /why': async (subject, { query }) => why(subject, query.get('id') ?? ''),
  'GET /loglevel': async (subject) => jsonAnswer(200, { level: subject.logLevel() }),
  'POST /loglevel': async (subject, { query }) => changeLevel(subject, query.get('level')),
  'POST /drain': async (subject) => {
    subject.drain();
    return jsonAnswer(202, { draining: true });
  },
};

export async function answerAdmin(subject: AdminSubject, request: HttpRequest): Promise<Answer> {
  if (request.origin !== null || !isLocalName(request.host)) {
    return textAnswer(403, 'the admin port answers local programs only, not web pages\n');
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = ROUTES[`${method} ${request.path}`];
  if (handler !== undefined) return handler(subject, request);
  const allowed = Object.keys(ROUTES).filter((route) => route.endsWith(` ${request.path}`));
  if (allowed.length > 0) return textAnswer(405, `${request.path} does not take ${request.method}\n`);
  return textAnswer(404, `no such path; there are:\n${Object.keys(ROUTES).join('\n')}\n`);
}

function why(subject: AdminSubject, id: string): Answer {
  const request = whyRequestSchema.safeParse({ id });
  if (!request.success) return textAnswer(400, 'give ?id= one id of at most 200 characters\n');
  return jsonAnswer(200, subject.why(request.data.id));
}

function changeLevel(subject: AdminSubject, level: string | null): Answer {
  const known = LOG_LEVELS.find((one) => one === level);
  if (known === undefined) return textAnswer(400, `give ?level= one of ${LOG_LEVELS.join(', ')}\n`);
  subject.setLogLevel(known);
  return jsonAnswer(200, { level: known });
}

/** `?method=GET&authority=orders.shop:80&path=/api&header=x-group:beta`, `header` as often as there are fields; `arrives`, `principal`, `source`: of inbound requests. */
async function explain(subject: AdminSubject, query: URLSearchParams): Promise<Answer> {
  const headers = query.getAll('header').map((field) => {
    const colon = field.indexOf(':');
    return colon < 0 ? [field, ''] : [field.slice(0, colon).trim(), field.slice(colon + 1).trim()];
  });
  const { method, authority, path, principal, source } = Object.fromEntries(query);
  const arrives = query.get('arrives') === null ? {} : { arrives: { principal, source } };
  try {
    return jsonAnswer(200, await subject.explain({ method, authority, path, headers, ...arrives }));
  } catch (error) {
    if (error instanceof UserError) return textAnswer(400, `${error.message}\n`);
    throw error;
  }
}

/** A name that resolves to 127.0.0.1 is still somebody else's name (DNS rebinding); an address or localhost is not. */
function isLocalName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}
