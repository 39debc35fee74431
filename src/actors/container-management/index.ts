export { engineChoiceOf, keptChoiceFile } from './engine-choice.js';
export { type ManagementFlag, managementFlags } from './flags.js';
export type { ManagementLink } from './links.js';
export {
  type ContainerManagement,
  createContainerManagement,
  type ManagementDeps,
  type ManagementRole,
  managementTypes,
} from './management.js';
export { mergeRegistries, type RegistrySource } from './registries.js';
export {
  addRegistry,
  isRegistryHost,
  listRegistries,
  type RegistryEdit,
  type RegistryRow,
  removeRegistries,
} from './registry-file.js';
export type { ManagementSettings } from './settings.js';
export { readManagementSettings } from './settings-reader.js';
