/** How an update is driven into each state of its charts. */
export interface Scenario {
  readonly name: string;
  /** Over the configuration that all have in common. */
  readonly updateManager?: Readonly<Record<string, unknown>>;
  /** What the owner says when asked. */
  readonly consent?: Readonly<Partial<Record<string, 'APPROVED' | 'DENIED'>>>;
  /** The image is offered under a URL that is not there. */
  readonly isMissing?: boolean;
  /** Asked for once the first one downloads, which its server holds back. */
  readonly isSuperseded?: boolean;
  /** The version that the desired state asks for. @default that of the bundle */
  readonly version?: string;
}

const ALL = ['DOWNLOAD', 'UPDATE', 'ACTIVATE'];

export const SCENARIOS: readonly Scenario[] = [
  { name: 'completed' },
  {
    name: 'approved',
    updateManager: { ownerConsentCommands: ALL },
    consent: { DOWNLOAD: 'APPROVED', UPDATE: 'APPROVED', ACTIVATE: 'APPROVED' },
  },
  {
    name: 'denied at UPDATE',
    updateManager: { ownerConsentCommands: ['UPDATE'] },
    consent: { UPDATE: 'DENIED' },
  },
  {
    name: 'denied at ACTIVATE',
    updateManager: { ownerConsentCommands: ['ACTIVATE'] },
    consent: { ACTIVATE: 'DENIED' },
  },
  { name: 'bundle missing', isMissing: true },
  { name: 'superseded', updateManager: { onBusy: 'supersede' }, isSuperseded: true },
];
