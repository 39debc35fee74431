import { access, constants, stat } from 'node:fs/promises';
import { request } from 'node:http';
import type { Clock, Logger } from '../../runtime/index.js';
import {
  engineChoiceOf,
  keptChoiceFile,
  type ManagementSettings,
  mergeRegistries,
} from '../container-management/index.js';
import {
  type Engine,
  type EngineChoice,
  engineChooser,
  pullRequestOf,
  type Registries,
  readKeptChoice,
  readRegistries,
  socketsOf,
} from '../engines/index.js';
import { type Check, hasProblem, ok, problem, skipped, warning } from './check.js';
import { checkRegistry } from './registry-check.js';

export interface EngineDiagnosisOptions {
  readonly settings: ManagementSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A reference that is pulled for real, with the registries of the settings. */
  readonly pull?: string | undefined;
  /** @default those of podman and Docker */
  readonly usualSockets?: readonly string[] | undefined;
}

export interface EngineDiagnosis {
  /** Nothing has to be mended. */
  readonly ok: boolean;
  /** What a vehicle would take; null if there is none. */
  readonly engine: {
    readonly kind: string;
    readonly name: string;
    readonly version: string;
    readonly why: string;
  } | null;
  readonly checks: readonly Check[];
}

const ANSWER_MS = 10_000;

/** Which engine a vehicle of this configuration would take and why, and what works with it. */
export async function diagnoseEngine(options: EngineDiagnosisOptions): Promise<EngineDiagnosis> {
  const { settings, environment, clock, logger, pull, usualSockets } = options;
  const choice: EngineChoice = {
    ...engineChoiceOf({ settings, environment, clock, logger }),
    ...(usualSockets === undefined ? {} : { usualSockets }),
  };
  const checks: Check[] = [];
  const usesSockets = choice.kind === 'auto' || choice.kind === 'engine-api';
  const { sockets, failures } = socketsOf(choice);
  for (const failure of usesSockets ? failures : []) checks.push(warning('engine.environment', failure));
  for (const socket of usesSockets ? sockets : []) checks.push(...(await checkSocket(socket, clock)));
  const never = new AbortController().signal;
  const found = await engineChooser(choice)(never).catch((error: unknown) => error as Error);
  if (found instanceof Error) {
    checks.push(problem('engine.chosen', found.message, { next: 'see docs/guide/containers.md, “Engines”' }));
    return { ok: false, engine: null, checks };
  }
  const { name, version } = await found.engine.info(never);
  checks.push(chosen(found.engine, `${name} ${version}`, found.why));
  const kept = await readKeptChoice(keptChoiceFile(settings));
  if (kept && kept.kind !== found.engine.kind) {
    checks.push(
      warning(
        'engine.kept',
        `containers of this vehicle may be in the engine that it used last: ${kept.kind} ${kept.socket}`,
        {
          next: 'while it has containers a vehicle stays with that one; remove them by a desired state without components first',
        },
      ),
    );
  }
  const registries = registriesOf(settings, checks);
  for (const [host, registry] of Object.entries(registries.entries)) {
    if (host !== '') checks.push(await checkRegistry(host, registry, registries.insecure.includes(host), clock));
  }
  if (pull !== undefined) checks.push(await checkPull(found.engine, pull, registries, settings.images.pullTimeoutMs));
  return { ok: !hasProblem(checks), engine: { kind: found.engine.kind, name, version, why: found.why }, checks };
}

function chosen({ kind }: Engine, name: string, why: string): Check {
  const id = 'engine.chosen';
  if (kind !== 'simulated') return ok(id, `a vehicle would use ${name} (${kind})`, [why]);
  return warning(id, 'a vehicle would only simulate containers', {
    details: [why],
    next: 'choose another engine where they are to run',
  });
}

/** Whether it is there, may be used and answers, and what the engine behind it says of the machine. */
async function checkSocket(socket: string, clock: Clock): Promise<readonly Check[]> {
  const id = 'engine.socket';
  const found = await stat(socket).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const isDenied = found.code === 'EACCES';
    if (!isDenied) return [skipped(id, `${socket} is not there`)];
    return [
      problem(id, `${socket} cannot be looked at: a folder above it is closed to this user`, { next: PERMISSION }),
    ];
  }
  if (!found.isSocket()) return [problem(id, `${socket} is no socket`, { next: 'name the socket of the engine' })];
  try {
    await access(socket, constants.R_OK | constants.W_OK);
  } catch {
    return [problem(id, `${socket} may not be used by this user`, { next: PERMISSION })];
  }
  const version = await answerOf<Version>(socket, '/version', clock);
  const info = await answerOf<Info>(socket, '/info', clock);
  if (version instanceof Error || info instanceof Error) {
    const why = version instanceof Error ? version.message : (info as Error).message;
    return [problem(id, `${socket} does not answer: ${why}`, { next: 'see whether the engine runs, and its log' })];
  }
  const name = version.Components?.find(({ Name }) => /engine/i.test(Name ?? ''))?.Name ?? 'Engine';
  const shown = `${name === 'Engine' ? 'Docker Engine' : name} ${version.Version ?? ''}, API ${version.ApiVersion ?? '?'}`;
  return [ok(id, `${socket} answers: ${shown}`), checkGroups(socket, info)];
}

const PERMISSION =
  'let the user of this process use it: its group (usermod -aG docker USER), the socket of the user’s own podman, or root';

function checkGroups(socket: string, { CgroupVersion, CgroupDriver, MemoryLimit }: Info): Check {
  const id = 'engine.cgroups';
  const groups = `control groups version ${CgroupVersion ?? '1'} by ${CgroupDriver ?? 'an unknown driver'}`;
  if (MemoryLimit !== false) return ok(id, `limits of memory work on ${socket}: ${groups}`);
  return warning(id, `limits of memory do not work on ${socket}: ${groups}`, {
    next: 'switch the memory controller on (cgroup_enable=memory in the kernel’s command line), or do without limits',
  });
}

/** Those of the configuration, and of the file that is changed at run time. */
function registriesOf({ registries, registriesFile }: ManagementSettings, checks: Check[]): Registries {
  if (registriesFile === '') return registries;
  try {
    return mergeRegistries(registries, readRegistries(registriesFile));
  } catch (error) {
    checks.push(problem('registry', (error as Error).message));
    return registries;
  }
}

async function checkPull(engine: Engine, image: string, registries: Registries, timeoutMs: number): Promise<Check> {
  const id = 'image.pull';
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const pulled = await engine.pull(pullRequestOf(image, registries), () => {}, signal);
    return ok(id, `${image} was pulled: ${pulled.id}`);
  } catch (error) {
    const { message, code = '' } = error as Error & { code?: string };
    return problem(id, `${image} cannot be pulled: ${message}`, {
      next: PULL_HINTS[code] ?? 'see the log of the engine',
    });
  }
}

const PULL_HINTS: Readonly<Record<string, string>> = {
  ENGINE_UNAUTHORIZED:
    'name the registry with its user and password: fleetchart provision registry add HOST --username USER',
  ENGINE_NOT_FOUND: 'correct the name or the tag of the image, or push it',
  ENGINE_REFUSED: 'see whether the engine reaches the registry: its name, its TLS, a proxy',
};

interface Version {
  readonly Version?: string;
  readonly ApiVersion?: string;
  readonly Components?: readonly { readonly Name?: string }[] | null;
}

interface Info {
  readonly CgroupVersion?: string;
  readonly CgroupDriver?: string;
  readonly MemoryLimit?: boolean;
}

/** What an engine answers, or why it does not. */
function answerOf<T>(socketPath: string, path: string, clock: Clock): Promise<T | Error> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', end);
      response.once('end', () => {
        try {
          end(JSON.parse(Buffer.concat(chunks).toString()) as T);
        } catch {
          end(new Error(`HTTP ${response.statusCode} and no JSON`));
        }
      });
    });
    const timer = clock.setTimeout(() => call.destroy(new Error(`no answer within ${ANSWER_MS / 1_000} s`)), ANSWER_MS);
    function end(outcome: T | Error): void {
      clock.clearTimeout(timer);
      resolve(outcome);
    }
    call.on('error', end);
    call.end();
  });
}
