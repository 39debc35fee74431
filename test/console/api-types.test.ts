import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerUpdateView as ContainerUpdateAnswer } from '../../src/actors/container-update/index.js';
import type { ContainerRow, ContainerUsage } from '../../src/actors/containers/index.js';
import type { DispatcherView as DispatcherAnswer } from '../../src/actors/dispatch/index.js';
import type { EngineLinkView } from '../../src/actors/engines/index.js';
import type {
  CurrentStateView as CurrentStateAnswer,
  UpdatesView as UpdatesAnswer,
} from '../../src/actors/update-manager/index.js';
import type { Gap, KeptAlert, KeptError, SignalRow, VehicleRow } from '../../src/actors/vehicles/index.js';
import type * as read from '../../src/console/api-types.js';
import type * as fleet from '../../src/console/fleet-types.js';
import type * as vehicle from '../../src/console/vehicle-types.js';
import type { ReplayReport } from '../../src/runtime/dead-letter-replay.js';
import type { ActorView as ActorAnswer } from '../../src/runtime/http/actor-view.js';
import type { InspectionLoss as LossAnswer } from '../../src/runtime/inspection/viewer.js';
import type { OverloadView as OverloadAnswer } from '../../src/runtime/overload.js';
import type { DeadLetter as DeadLetterAnswer } from '../../src/runtime/store/dead-letters.js';
import type { SupervisorView as SupervisorAnswer } from '../../src/runtime/supervision.js';

/** `true` only if what is answered holds all that the console reads. */
type Serves<Answer, Read> = Answer extends Read ? true : false;

test('what the API answers holds all that the console reads', () => {
  // The compiler is what checks here.
  const served: readonly true[] = [
    true satisfies Serves<ActorAnswer, read.ActorView>,
    true satisfies Serves<DispatcherAnswer, read.DispatcherView>,
    true satisfies Serves<SupervisorAnswer, read.SupervisorView>,
    true satisfies Serves<DeadLetterAnswer, read.DeadLetterView>,
    true satisfies Serves<ReplayReport, read.ReplayAnswer>,
    true satisfies Serves<OverloadAnswer, read.OverloadView>,
    true satisfies Serves<LossAnswer, read.InspectionLoss>,
    true satisfies Serves<VehicleRow, fleet.VehicleRowView>,
    true satisfies Serves<SignalRow, fleet.SignalView>,
    true satisfies Serves<Gap, fleet.GapView>,
    true satisfies Serves<KeptAlert, fleet.AlertView>,
    true satisfies Serves<KeptError, fleet.VehicleErrorView>,
    true satisfies Serves<UpdatesAnswer, vehicle.UpdatesView>,
    true satisfies Serves<CurrentStateAnswer, vehicle.CurrentStateView>,
    true satisfies Serves<ContainerRow, vehicle.ContainerView>,
    true satisfies Serves<ContainerUsage, vehicle.ContainerUsageView>,
    true satisfies Serves<ContainerUpdateAnswer, vehicle.ContainerUpdateView>,
    true satisfies Serves<EngineLinkView, vehicle.EngineView>,
  ];
  assert.equal(served.length, 18);
});
