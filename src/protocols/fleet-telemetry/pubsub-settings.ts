/** The `pubsub` section of the reference's file. */
export interface PubsubSection {
  readonly gcp_project_id?: string;
}

/** The `pubsub` dispatcher. */
export interface PubsubDispatcherSettings {
  readonly projectId: string;
  /** Record type → its topic, without the project. */
  readonly topics: ReadonlyMap<string, string>;
  /** host:port of an emulator; empty: the real service. */
  readonly emulatorHost: string;
  /** Path of a key file; empty: what Google's tools find by themselves. */
  readonly credentialsFile: string;
}

/** What the service takes as the id of a topic. */
export const isTopicId = (id: string): boolean =>
  /^[a-zA-Z][a-zA-Z0-9._~+%-]{2,254}$/.test(id) && !id.startsWith('goog');
