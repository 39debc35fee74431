export { type ManagementFlag, managementFlags } from './flags.js';
export { mergeRegistries, type Registries, type Registry, type RegistrySource } from './registries.js';
export {
  addRegistry,
  isRegistryHost,
  listRegistries,
  type RegistryEdit,
  type RegistryRow,
  removeRegistries,
} from './registry-file.js';
export type { ManagementSettings, SettingsFinding, SettingsResult, SettingsSources } from './settings.js';
export { readManagementSettings } from './settings-reader.js';
