/** The options of `towpath control` that are about its certificate authority. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type CertificateSettings,
  type CertificateSource,
  DEFAULT_CA_DIRECTORY,
  DEFAULT_LIFETIME_MS,
  defaultTrustDomain,
  LIFETIME_LIMITS_MS,
} from '../control/ca/settings.ts';
import { parseLongDuration } from './parse-duration.ts';
import { wrongUsage } from './parse-words.ts';

export const CERTIFICATE_OPTIONS = {
  ca: { type: 'string' },
  'ca-dir': { type: 'string' },
  'ca-cert': { type: 'string' },
  'ca-key': { type: 'string' },
  'ca-roots': { type: 'string' },
  'trust-domain': { type: 'string' },
  'cert-lifetime': { type: 'string' },
  'cert-grants': { type: 'string' },
} as const;

export const CERTIFICATE_HELP = `Certificates of the hosts (docs/identity.md):
  --ca on|off       whether this control is a certificate authority (TOWPATH_CA; default on)
  --ca-dir DIR      where the key of a root of its own lies, mode 0600 (TOWPATH_CA_DIRECTORY; default ${DEFAULT_CA_DIRECTORY},
                    or .local/state/towpath-control/ca in the home directory of a user other than root)
  --ca-cert FILE    instead of a root of its own: a CA certificate, then those above it (TOWPATH_CA_CERT)
  --ca-key FILE     its key (TOWPATH_CA_KEY)
  --ca-roots FILE   the roots that hosts trust, the one above it among them (TOWPATH_CA_ROOTS)
  --trust-domain D  of the identities (TOWPATH_TRUST_DOMAIN; default towpath.internal, or MESH.towpath.internal)
  --cert-lifetime T of the hosts' certificates (TOWPATH_CERT_LIFETIME; default 24h)
  --cert-grants G   required: only hosts that joined by a token, and what it allows; open: hosts that never joined get what they ask for
                    (TOWPATH_CERT_GRANTS; default required with --creds, else open)
`;

type Values = { readonly [name in keyof typeof CERTIFICATE_OPTIONS]?: string | undefined };
type Environment = Readonly<Record<string, string | undefined>>;

/** null: `--ca off`. Throws UserError for wrong usage. */
export function certificateSettings(
  values: Values,
  { mesh, credentialsFile }: { readonly mesh: string; readonly credentialsFile: string | null },
  env: Environment,
): CertificateSettings | null {
  const ca = values.ca ?? env['TOWPATH_CA'] ?? 'on';
  if (ca !== 'on' && ca !== 'off') throw wrongUsage('control', `--ca must be on or off, not ${ca}`);
  if (ca === 'off') return null;
  const grants =
    values['cert-grants'] ?? env['TOWPATH_CERT_GRANTS'] ?? (credentialsFile === null ? 'open' : 'required');
  if (grants !== 'open' && grants !== 'required')
    throw wrongUsage('control', `--cert-grants must be open or required, not ${grants}`);
  return {
    trustDomain: trustDomainOf(values['trust-domain'] ?? env['TOWPATH_TRUST_DOMAIN'] ?? defaultTrustDomain(mesh)),
    lifetimeMs: lifetimeOf(values['cert-lifetime'] ?? env['TOWPATH_CERT_LIFETIME']),
    source: sourceOf(values, env),
    grants,
  };
}

function sourceOf(values: Values, env: Environment): CertificateSource {
  const certificate = values['ca-cert'] ?? env['TOWPATH_CA_CERT'];
  const key = values['ca-key'] ?? env['TOWPATH_CA_KEY'];
  const roots = values['ca-roots'] ?? env['TOWPATH_CA_ROOTS'];
  if (certificate !== undefined && key !== undefined && roots !== undefined)
    return { type: 'files', certificate: resolve(certificate), key: resolve(key), roots: resolve(roots) };
  if (certificate !== undefined || key !== undefined || roots !== undefined)
    throw wrongUsage('control', '--ca-cert, --ca-key and --ca-roots go together');
  return { type: 'own', directory: resolve(values['ca-dir'] ?? env['TOWPATH_CA_DIRECTORY'] ?? defaultDirectory()) };
}

function defaultDirectory(): string {
  return process.getuid?.() === 0 ? DEFAULT_CA_DIRECTORY : join(homedir(), '.local/state/towpath-control/ca');
}

function trustDomainOf(text: string): string {
  if (/^[a-z0-9._-]{1,255}$/.test(text)) return text;
  throw wrongUsage('control', `--trust-domain must be lower-case letters, digits, ".", "-" or "_", not "${text}"`);
}

function lifetimeOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIFETIME_MS;
  const ms = parseLongDuration('control', '--cert-lifetime', text);
  if (ms >= LIFETIME_LIMITS_MS.min && ms <= LIFETIME_LIMITS_MS.max) return ms;
  throw wrongUsage('control', `--cert-lifetime must be between 10s and 90d, not ${text}`);
}
