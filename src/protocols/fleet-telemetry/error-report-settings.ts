/** The reference's section `airbrake` (spec 8.4). */
export interface AirbrakeSection {
  readonly host?: string;
  readonly project_id?: number;
  readonly project_key?: string;
  readonly environment?: string;
  readonly tls?: { readonly ca_file?: string; readonly server_cert?: string; readonly server_key?: string };
}

/** Our own section `fleetchart.errorWebhook`. */
export interface ErrorWebhookSection {
  readonly url: string;
  readonly secret?: string;
}

export interface AirbrakeSettings {
  /** URL without a slash at the end. */
  readonly host: string;
  readonly projectId: number;
  readonly projectKey: string;
  /** Where the key is from, for the line that says so. */
  readonly keySource: 'environment_variable' | 'config_file';
  readonly environment: string;
  /** Paths of PEM files, each empty if there is none. */
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
}

export interface ErrorWebhookSettings {
  readonly url: string;
  /** Empty: requests are not signed. */
  readonly secret: string;
}

/** Where errors are reported beside the log. */
export interface ErrorReportSettings {
  readonly airbrake?: AirbrakeSettings;
  readonly webhook?: ErrorWebhookSettings;
}
