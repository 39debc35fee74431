/** What an update agent for containers is made from. */
export interface AgentSettings {
  /** @default containers */
  readonly domain: string;
  /** Names that are never touched (CUA-9). */
  readonly systemContainers: readonly string[];
  /** Defaults, too, in inventories (CUA-35). */
  readonly verboseInventory: boolean;
  /** Go on without an update manager (CUA-22). */
  readonly autoCommands: boolean;
  /** Of the agent in inventories (CUA-34). */
  readonly agentName: string;
  /** Of the same. */
  readonly version: string;
  /** Seconds that one image may take to be pulled. */
  readonly pullTimeoutS: number;
  /** Seconds that a container has to stop before it is killed. */
  readonly stopTimeoutS: number;
  /** Containers by descriptor files, if any (CTR-7). */
  readonly deployment?: DeploymentSettings;
}

export type DeploymentMode = 'init' | 'update';

export interface DeploymentSettings {
  /** `init`: only where there never was a container; `update`: at each start. */
  readonly mode: DeploymentMode;
  /** Kanto's `home_dir`: what is remembered stands in `deployment` in there. */
  readonly homeFolder: string;
  /** Kanto's `ctr_dir`. */
  readonly folder: string;
}

export const DEFAULT_AGENT_SETTINGS = {
  domain: 'containers',
  systemContainers: [],
  verboseInventory: false,
  autoCommands: false,
  agentName: 'Fleetchart Containers Update Agent',
  pullTimeoutS: 1_800,
  stopTimeoutS: 30,
} as const satisfies Omit<AgentSettings, 'version'>;
