/** The metrics port's paths: for Prometheus and for whatever watches the host's health. */
import { chooseFormat, METRICS_CONTENT_TYPES, type MetricsFormat } from '../../telemetry/render-metrics.ts';
import { type Answer, type HttpRequest, textAnswer } from './serve-http.ts';

export interface MetricsSubject {
  metrics(format: MetricsFormat): string;
  /** Why the agent is not alive; empty when it is. */
  illnesses(): readonly string[];
  /** Why the agent does not yet, or no longer, do its whole work; empty when it does. */
  hindrances(): readonly string[];
}

export async function answerMetrics(subject: MetricsSubject, request: HttpRequest): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return textAnswer(405, 'only GET is answered here\n');
  switch (request.path) {
    case '/metrics': {
      const format = chooseFormat(request.accept);
      return { status: 200, contentType: METRICS_CONTENT_TYPES[format], body: subject.metrics(format) };
    }
    case '/healthz':
      return verdict(subject.illnesses());
    case '/readyz':
      return verdict([...subject.illnesses(), ...subject.hindrances()]);
    default:
      return textAnswer(404, 'no such path; there are /metrics, /healthz and /readyz\n');
  }
}

function verdict(reasons: readonly string[]): Answer {
  return reasons.length === 0 ? textAnswer(200, 'ok\n') : textAnswer(503, `${reasons.join('\n')}\n`);
}
