/**
 * Errors that a person reads. `message` is one sentence that says what is wrong; `path` is the field it is about, if any;
 * `hint` says what to do next.
 */
export interface Problem {
  /** Stable code, `TWP` + 4 digits; the same meaning as istioctl's `IST` number where there is one. */
  readonly code: string;
  readonly message: string;
  /** Field path such as `HTTPRoute shop/orders: spec.rules[0].matches[1].path.value`. */
  readonly path?: string;
  readonly hint?: string;
}

/** Thrown by command-line and start-up code only; printed as one sentence (plus hint), never as a stack. */
export class UserError extends Error {
  readonly problems: readonly Problem[];
  readonly exitCode: number;

  constructor(problems: Problem | readonly Problem[], exitCode = 1) {
    const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(list.map((p) => (p.path === undefined ? p.message : `${p.path}: ${p.message}`)).join('\n'));
    this.name = 'UserError';
    this.problems = list;
    this.exitCode = exitCode;
  }
}
