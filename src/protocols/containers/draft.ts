import type { Resources } from './model.js';

export interface MountDraft {
  readonly source: string;
  readonly destination: string;
  /** @default rprivate */
  readonly propagation?: string | undefined;
}

export interface DeviceDraft {
  readonly pathOnHost: string;
  /** @default the path on the host */
  readonly pathInContainer?: string | undefined;
  /** @default rwm */
  readonly permissions?: string | undefined;
}

export interface PortDraft {
  /** @default tcp */
  readonly proto?: string | undefined;
  readonly containerPort: number;
  /** @default 0.0.0.0 */
  readonly hostIp?: string | undefined;
  readonly hostPort: number;
  /** @default the first one; so does 0 */
  readonly hostPortEnd?: number | undefined;
}

export interface RestartPolicyDraft {
  readonly type: string;
  readonly maxRetries?: number | undefined;
  readonly retryTimeoutS?: number | undefined;
}

export type ResourcesDraft = { readonly [Name in keyof Resources]?: string | undefined };

/**
 * What somebody says of a container, wherever he says it: a desired state, a descriptor, an operation of a twin. What is
 * absent or empty has its default (CTR-2).
 */
export interface ContainerDraft {
  readonly name: string;
  readonly image: string;
  readonly decryption?: { readonly keys: readonly string[]; readonly recipients: readonly string[] } | undefined;
  readonly domainName?: string | undefined;
  readonly hostName?: string | undefined;
  readonly mounts?: readonly MountDraft[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  readonly tty?: boolean | undefined;
  readonly openStdin?: boolean | undefined;
  readonly privileged?: boolean | undefined;
  readonly network?: string | undefined;
  readonly devices?: readonly DeviceDraft[] | undefined;
  readonly extraHosts?: readonly string[] | undefined;
  readonly extraCapabilities?: readonly string[] | undefined;
  readonly ports?: readonly PortDraft[] | undefined;
  readonly restartPolicy?: RestartPolicyDraft | undefined;
  readonly runtime?: string | undefined;
  readonly log?:
    | {
        readonly driver?: string | undefined;
        readonly maxFiles?: number | undefined;
        readonly maxSize?: string | undefined;
        readonly rootDir?: string | undefined;
        readonly mode?: string | undefined;
        readonly maxBufferSize?: string | undefined;
      }
    | undefined;
  readonly resources?: ResourcesDraft | undefined;
}
