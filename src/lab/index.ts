/** The lab: hosts out of network namespaces, for demonstrations and network tests. Import from here. */
export { applyResources, applyText, publishServiceNames, runTowpath } from './apply-resources.ts';
export { type BringUpOptions, bringUpLab } from './bring-up.ts';
export { requireHost, requireLab, restartProgram, stopProgram } from './change-program.ts';
export { BIN_FOLDER, DEFAULT_TOPOLOGY, findTowpath } from './find-towpath.ts';
export { commandInHost } from './host-command.ts';
export { type LabState, listLabs } from './lab-files.ts';
export type { HostPlan, LabPlan, ProgramPlan, TowpathCommand } from './lab-plan.ts';
export { formatStatus, isHealthy, type LabStatus, labStatus } from './lab-status.ts';
export { hostEnvironment, runInHost } from './run-in-host.ts';
export { type TakeDownReport, takeDownLab } from './take-down.ts';
export { decodeTopology, readTopology, type Topology } from './topology.ts';
