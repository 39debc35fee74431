import { CONTAINER_STATUSES, type Container, type ContainerConfig, type ContainerState } from './model.js';
import { UNLIMITED } from './sizes.js';

const NS_PER_S = 1e9;

/**
 * A container in its JSON form (§B.1). Read again it is the same one, so unlimited swap beside limited memory is said,
 * where the form otherwise means twice as much (CTR-5). It holds the values of variables.
 */
export function descriptorOf(container: Container): Readonly<Record<string, unknown>> {
  const { config, state } = container;
  const { decryption } = config;
  const isEncrypted = decryption.keys.length + decryption.recipients.length > 0;
  return {
    container_id: container.id,
    container_name: config.name,
    image: { name: config.image, ...(isEncrypted && { decrypt_config: decryption }) },
    domain_name: config.domainName,
    host_name: config.hostName,
    mount_points: config.mounts.map(({ source, destination, propagation }) => ({
      source,
      destination,
      propagation_mode: propagation,
    })),
    hooks: [],
    config: { env: config.env, cmd: config.cmd },
    host_config: hostConfigOf(config),
    io_config: {
      attach_stderr: false,
      attach_stdin: false,
      attach_stdout: false,
      open_stdin: config.openStdin,
      stdin_once: false,
      tty: config.tty,
    },
    state: stateOf(state),
    created: container.created,
    restart_count: container.restartCount,
    manually_stopped: container.manuallyStopped,
    started_successfully_before: container.startedBefore,
  };
}

function hostConfigOf(config: ContainerConfig) {
  const { restartPolicy, log, resources } = config;
  const isSwapUnlimited = resources.memory !== '' && resources.memorySwap === '';
  return {
    devices: config.devices.map(({ pathOnHost, pathInContainer, permissions }) => ({
      path_on_host: pathOnHost,
      path_in_container: pathInContainer,
      cgroup_permissions: permissions,
    })),
    network_mode: config.network,
    privileged: config.privileged,
    restart_policy: {
      maximum_retry_count: restartPolicy.maxRetries,
      retry_timeout: Math.round(restartPolicy.retryTimeoutS * NS_PER_S),
      type: restartPolicy.type,
    },
    runtime: config.runtime,
    extra_hosts: config.extraHosts,
    extra_capabilities: config.extraCapabilities,
    port_mappings: config.ports.map(({ proto, containerPort, hostIp, hostPort, hostPortEnd }) => ({
      proto,
      container_port: containerPort,
      host_ip: hostIp,
      host_port: hostPort,
      host_port_end: hostPortEnd,
    })),
    log_config: {
      driver_config: { type: log.driver, max_files: log.maxFiles, max_size: log.maxSize, root_dir: log.rootDir },
      mode_config: { mode: log.mode, max_buffer_size: log.maxBufferSize },
    },
    resources: {
      memory: resources.memory,
      memory_reservation: resources.memoryReservation,
      memory_swap: isSwapUnlimited ? UNLIMITED : resources.memorySwap,
    },
  };
}

function stateOf({ status, pid, exitCode, error, startedAt, finishedAt, oomKilled }: ContainerState) {
  return {
    pid,
    started_at: startedAt,
    error,
    exit_code: exitCode,
    finished_at: finishedAt,
    exited: status === 'Exited',
    dead: status === 'Dead',
    restarting: false,
    paused: status === 'Paused',
    running: status === 'Running',
    oomKilled,
    status: CONTAINER_STATUSES.indexOf(status),
  };
}
