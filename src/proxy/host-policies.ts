/** Policies for what arrives at the programs of this host, as the newest view of the host has them. */
import type { AuthorizationPolicyView } from '../contract/authorization-views.ts';
import type { AccessView, HostView, MtlsView, WorkloadMtlsView, WorkloadPolicyView } from '../contract/host-view.ts';
import type { JwtRuleView } from '../contract/jwt-views.ts';
import { isNewer, serviceKey, type ViewVersion } from '../contract/views.ts';
import type { PublicJwk } from '../core/json-web-keys.ts';
import { type CompiledAuthorization, compileAuthorization } from './policy/authorization/authorize.ts';
import { Authenticator, type JwtRule } from './policy/jwt/authenticate.ts';
import { importKeys } from './policy/jwt/verify-signature.ts';

/** What the policies of a workload, or of a namespace, want of what arrives. */
export interface Access {
  readonly authorization: CompiledAuthorization;
  /** null: tokens are nobody's business. */
  readonly authenticator: Authenticator | null;
}

export type Notice = (message: string, fields: Readonly<Record<string, string>>) => void;

const PERMISSIVE: WorkloadMtlsView = { mode: 'PERMISSIVE', policy: '' };
const NOTHING: readonly Access[] = [];

export class HostPolicies {
  #version: ViewVersion | null = null;
  #view: HostView | null = null;
  #workloads: ReadonlyMap<string, WorkloadPolicyView> = new Map();
  #access: ReadonlyMap<string, readonly Access[]> = new Map();
  #others: readonly Access[] = [];
  /** Fetched by the main thread, by their URL. */
  readonly #keys = new Map<string, readonly PublicJwk[]>();
  #otherPorts: MtlsView = PERMISSIVE;
  /** Some policy says which connections are accepted. */
  hasMtls = false;
  /** Some policy says who may do what, or checks tokens: asked before anything else, for most hosts have none. */
  hasAccess = false;
  /** Some policy asks for the server name of TLS: only then is a whole ClientHello awaited. */
  asksServerName = false;
  readonly #wantKeys: (url: string) => void;
  /** Takes a line for the log. */
  readonly notice: Notice;

  /** @param wantKeys a token names a key that is not among those of this URL: they may have changed */
  constructor(notice: Notice = () => {}, wantKeys: (url: string) => void = () => {}) {
    this.notice = notice;
    this.#wantKeys = wantKeys;
  }

  /** Puts a view in force for the next connection and request; one that is older is ignored. @returns whether it was taken */
  set(view: HostView): boolean {
    if (this.#version !== null && isNewer(this.#version, view.version)) return false;
    this.#version = view.version;
    this.#view = view;
    this.#compile(view);
    return true;
  }

  /** The keys that an issuer publishes there, from now on. */
  setKeys(url: string, keys: readonly PublicJwk[]): void {
    this.#keys.set(url, keys);
    if (this.#view !== null) this.#compile(this.#view);
  }

  /** @param workload `<namespace>/<name>` as in the agent's file; null: nothing is said of it */
  of(workload: string): WorkloadPolicyView | null {
    return this.#workloads.get(workload) ?? null;
  }

  /** Which connections a port accepts. @param workload '' = a port that none claims */
  mtlsOf(workload: string, port: number): MtlsView {
    if (workload === '') return this.#otherPorts;
    const mtls = this.#workloads.get(workload)?.mtls ?? PERMISSIVE;
    return mtls.ports?.find((one) => one.port === port) ?? mtls;
  }

  /** What must be met at a workload: all of these. @param workload '' = a port that none claims */
  accessTo(workload: string): readonly Access[] {
    return workload === '' ? this.#others : (this.#access.get(workload) ?? NOTHING);
  }

  #compile(view: HostView): void {
    this.#workloads = new Map(view.workloads.map((one) => [serviceKey(one.namespace, one.name), one]));
    const compile = (access: AccessView): Access => this.#compileAccess(view, access);
    this.#access = new Map([...this.#workloads].map(([key, one]) => [key, [compile(one)]]));
    this.#others = (view.others ?? []).map(compile);
    this.#otherPorts = view.mtls ?? PERMISSIVE;
    this.hasMtls = view.mtls !== undefined || view.workloads.some(({ mtls }) => mtls !== undefined);
    this.asksServerName = (view.authorizationPolicies ?? []).some(asksServerName);
    this.hasAccess = (view.authorizationPolicies ?? []).length + (view.jwtRules ?? []).length > 0;
  }

  #compileAccess(view: HostView, { authorization = [], authentication = [] }: AccessView): Access {
    const rules = authentication.flatMap(({ policy }) => view.jwtRules?.[policy] ?? []);
    return {
      authorization: compileAuthorization(view.authorizationPolicies ?? [], authorization),
      authenticator: rules.length === 0 ? null : new Authenticator(rules.map((rule) => this.#compileRule(rule))),
    };
  }

  #compileRule(view: JwtRuleView): JwtRule {
    const keys = 'url' in view.keys ? this.#keys.get(view.keys.url) : view.keys;
    return { view, keys: keys === undefined ? null : importKeys(keys), wantKeys: this.#wantKeys };
  }
}

function asksServerName({ rules }: AuthorizationPolicyView): boolean {
  return rules.some(({ when }) => when.some(({ attribute }) => attribute === 'connection.sni'));
}
