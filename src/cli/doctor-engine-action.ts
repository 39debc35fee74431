import type { Command } from 'commander';
import { diagnoseEngine } from '../actors/diagnosis/index.js';
import { configOf } from '../hub-config.js';
import { createLogger, systemClock } from '../runtime/index.js';
import { checkVehicleConfig } from '../vehicle-config.js';
import { configInputOf } from './config-options.js';
import type { DoctorEngineOptions } from './doctor.js';
import { renderChecks } from './doctor-report.js';
import { exitCodes, QuietExit } from './exit-code.js';
import { outputOf } from './output.js';

/** Diagnoses the container engine that a vehicle would take. */
export async function doctorEngine(command: Command, { pull }: DoctorEngineOptions): Promise<void> {
  const output = outputOf(command);
  const input = configInputOf(command);
  const config = configOf(checkVehicleConfig({ ...input, sets: [SECTION, ...(input.sets ?? [])] }));
  if (!config.containerManagement) return;
  const diagnosis = await diagnoseEngine({
    settings: config.containerManagement.settings,
    environment: output.terminal.environment,
    clock: systemClock,
    logger: createLogger({ level: 'error', destination: { write: (line) => output.note(line) } }),
    pull,
  });
  output.result(renderChecks(diagnosis.checks), diagnosis);
  if (!diagnosis.ok) throw new QuietExit(exitCodes.failed);
}

/** Without a section of its own a vehicle has no containers; what it would take can be told all the same. */
const SECTION = 'containerManagement={}';
