/** Interception: rules as data, their application, the lease that makes them fail open, and the keeper that does all of it. */
export { recallSettings } from './applied-settings.ts';
export { applyRules } from './apply-rules.ts';
export { buildRules, type RuleSet } from './build-rules.ts';
export { checkRules, type RuleState } from './check-rules.ts';
export { parseCidr } from './cidr.ts';
export { confirm, expectConfirmation, revertUnlessConfirmed } from './confirmation.ts';
export { InterceptionKeeper, type KeeperEvent, type KeeperState } from './keeper.ts';
export { isLeaseLive } from './lease-set.ts';
export { removeRules } from './remove-rules.ts';
export { renderRules } from './render-rules.ts';
export { type Family, type Rule, renderRule } from './rule.ts';
export {
  DEFAULT_DNS_PORT,
  DEFAULT_GID,
  DEFAULT_INBOUND_PORT,
  DEFAULT_OUTBOUND_PORT,
  DEFAULT_SETTINGS,
  DEFAULT_VIRTUAL_IP_RANGES,
  type FailureMode,
  INBOUND_DIAL_MARK,
  type InboundSettings,
  type InterceptionSettings,
  type OutboundSettings,
  type PortRange,
  type ProgramRedirect,
} from './settings.ts';
export { excludeSshPort, findSshPort } from './ssh-port.ts';
export { validateSettings } from './validate-settings.ts';
