import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  carried,
  encodeCurrentState,
  encodeFeedback,
  type Feedback,
  feedback,
} from '../../../src/protocols/self-update/index.js';

const correlation = { activityId: 'a', timestamp: 1_700_000_000_000 };
const encode = (message: Feedback) => JSON.parse(encodeFeedback(message, { ...correlation, version: '1.1' }));

const UPDATING = 'Self-update agent is performing an OS image update.';
const WRONG = 'Bundle version does not match version in desired state request.';
const ABOUT = 'Self-update agent is about to perform an OS image update.';
const SAME = 'Current OS image is equal to the target one from desired state.';
const ACTIVATING = 'Self-update agent is performing an OS image activation.';
const ACTIVATED = 'Self-update agent has activated the new OS image.';
const NOT_ACTIVATED = 'Self-update agent has failed to activate the new OS image.';
const failed = { status: 'UPDATE_FAILURE', message: 'why' };

type Action = readonly [status: string, progress: number, message: string];
const catalogue: readonly (readonly [
  name: string,
  message: Feedback,
  status: string,
  text: string,
  action?: Action,
])[] = [
  [
    'Identifying',
    feedback.identifying(),
    'IDENTIFYING',
    'Self-update agent has received new desired state request and is evaluating it.',
  ],
  ['Identified', feedback.identified(), 'IDENTIFIED', ABOUT, ['IDENTIFIED', 0, ABOUT]],
  ['Identified with nothing to do (D-5)', feedback.nothingToDo(), 'IDENTIFIED', SAME],
  ['IdentificationFailed', feedback.identificationFailed('why'), 'IDENTIFICATION_FAILED', 'why'],
  ['Skipped', feedback.skipped(), 'COMPLETED', SAME],
  ['Rejected', feedback.rejected(), 'UPDATE_FAILURE', 'Update rejected.', ['UPDATE_FAILURE', 0, WRONG]],
  [
    'Downloading',
    feedback.downloading(42, 3 * 1_048_576),
    'DOWNLOADING',
    UPDATING,
    ['DOWNLOADING', 42, 'Downloading 3.0 MiB...'],
  ],
  [
    'Downloading, total unknown',
    feedback.downloading(0, 0),
    'DOWNLOADING',
    UPDATING,
    ['DOWNLOADING', 0, 'Downloading 0.0 MiB...'],
  ],
  [
    'Downloaded',
    feedback.downloaded(1_600_000),
    'DOWNLOAD_SUCCESS',
    UPDATING,
    ['DOWNLOAD_SUCCESS', 100, 'Downloaded 1.5 MiB...'],
  ],
  [
    'DownloadFailed',
    feedback.downloadFailed(30, 'HTTP 404'),
    'DOWNLOAD_FAILURE',
    'Download failed.',
    ['DOWNLOAD_FAILURE', 30, 'Download failed: HTTP 404'],
  ],
  [
    'VersionChecking',
    feedback.versionChecking(),
    'UPDATING',
    UPDATING,
    ['UPDATING', 0, 'Checking bundle version and version in desired state request.'],
  ],
  ['Installing', feedback.installing(60), 'UPDATING', UPDATING, ['UPDATING', 60, 'RAUC install...']],
  [
    'Installed',
    feedback.installed(),
    'UPDATE_SUCCESS',
    'Self-update completed, reboot required.',
    ['UPDATING', 100, 'Writing partition completed, reboot required.'],
  ],
  [
    'InstallFailed',
    feedback.installFailed(60, 'why'),
    'UPDATE_FAILURE',
    'Install failed.',
    ['UPDATE_FAILURE', 60, 'why'],
  ],
  ['InstallFailedFallback', feedback.installFailedFallback('why'), 'RUNNING', UPDATING, ['UPDATING', 0, 'why']],
  [
    'InstallFailedFallback without an error',
    feedback.installFailedFallback(''),
    'RUNNING',
    UPDATING,
    ['UPDATING', 0, 'Install in streaming mode failed, trying in download mode.'],
  ],
  ['Activating', feedback.activating(), 'ACTIVATING', ACTIVATING, ['UPDATING', 0, ACTIVATING]],
  ['Activated', feedback.activated(), 'ACTIVATION_SUCCESS', ACTIVATED, ['UPDATED', 0, ACTIVATED]],
  [
    'ActivationFailed',
    feedback.activationFailed(),
    'ACTIVATION_FAILURE',
    NOT_ACTIVATED,
    ['UPDATE_FAILURE', 0, NOT_ACTIVATED],
  ],
  [
    'Cleaned',
    feedback.cleaned(failed),
    'CLEANUP_SUCCESS',
    'Self-update agent has cleaned up after itself.',
    ['UPDATE_FAILURE', 0, 'why'],
  ],
  [
    'Complete',
    feedback.ended(carried.activated()),
    'COMPLETE',
    'Self-update completed.',
    ['UPDATE_SUCCESS', 0, ACTIVATED],
  ],
  ['Incomplete', feedback.ended(failed), 'INCOMPLETE', 'Self-update incomplete.', ['UPDATE_FAILURE', 0, 'why']],
  [
    'RolledBack',
    feedback.rolledBack(),
    'ROLLBACK_SUCCESS',
    'Self-update rolled back.',
    ['UPDATE_FAILURE', 0, 'Self-update rolled back.'],
  ],
  [
    'RolledBack with a failure',
    feedback.rollbackFailed('why'),
    'ROLLBACK_FAILURE',
    'Self-update rollback failed.',
    ['UPDATE_FAILURE', 0, 'why'],
  ],
];

describe('the catalogue of feedback', () => {
  for (const [name, message, status, text, action] of catalogue) {
    it(`SUA-20 ${name}`, () => {
      const actions = action
        ? [
            {
              component: { id: 'self-update:os-image', version: '1.1' },
              status: action[0],
              progress: action[1],
              message: action[2],
            },
          ]
        : [];
      assert.deepEqual(encode(message), { ...correlation, payload: { status, message: text, actions } });
    });
  }

  it('spec 4.2 what is carried to the last messages', () => {
    assert.deepEqual(
      {
        nothing: carried.nothing(),
        download: carried.downloadFailed('HTTP 404'),
        stream: carried.streamRejected(),
        rejected: carried.rejected(),
        refused: carried.rejected('not trusted'),
        install: carried.installFailed('no space'),
        activated: carried.activated(),
        notActivated: carried.activationFailed(),
        identification: carried.identificationFailed('why'),
        notBooted: carried.notBooted('1.0'),
        unknown: carried.notBooted(null),
        rolledBack: carried.rolledBack(),
      },
      {
        nothing: { status: '', message: '' },
        download: { status: 'DOWNLOAD_FAILURE', message: 'Download failed: HTTP 404' },
        stream: { status: 'DOWNLOAD_FAILURE', message: 'Bundle version does not match spec.' },
        rejected: { status: 'UPDATE_FAILURE', message: WRONG },
        refused: { status: 'UPDATE_FAILURE', message: 'not trusted' },
        install: { status: 'UPDATE_FAILURE', message: 'no space' },
        activated: { status: 'UPDATE_SUCCESS', message: ACTIVATED },
        notActivated: { status: 'UPDATE_FAILURE', message: 'Self-update agent failed to activate the new OS image.' },
        identification: { status: 'UPDATE_FAILURE', message: 'why' },
        notBooted: { status: 'UPDATE_FAILURE', message: 'Booted version differs from the activated one.' },
        unknown: { status: 'UPDATE_FAILURE', message: 'Booted version cannot be read after the reboot.' },
        rolledBack: { status: 'UPDATE_FAILURE', message: 'Self-update rolled back.' },
      },
    );
  });

  it('spec 4.2 without a desired version there is no action', () => {
    const { payload } = JSON.parse(encodeFeedback(feedback.cleaned(failed), correlation));
    assert.deepEqual(payload.actions, []);
  });

  it('SUA-8 progress is an integer from 0 to 100', () => {
    const of = (percent: number) => encode(feedback.installing(percent)).payload.actions[0].progress;
    assert.deepEqual([of(33.9), of(-1), of(250), of(Number.NaN)], [33, 0, 100, 0]);
  });

  it('SUA-7 texts of an installer are escaped', () => {
    const text = 'LastError: "bad"\n\u0000\ud800';
    const json = encodeFeedback(feedback.installFailed(0, text), { ...correlation, version: '1"1' });
    assert.equal(JSON.parse(json).payload.actions[0].message, text);
    assert.doesNotMatch(json, /\n/);
  });

  it('SUA-9 the words that peers search for stand in quotes', () => {
    const words = [feedback.identified(), feedback.downloaded(0), feedback.installed(), feedback.activated()];
    const texts = [...words, feedback.ended(carried.activated())].map((message) =>
      encodeFeedback(message, correlation),
    );
    for (const [index, word] of [
      'IDENTIFIED',
      'DOWNLOAD_SUCCESS',
      'UPDATE_SUCCESS',
      'ACTIVATION_SUCCESS',
      'COMPLETE',
    ].entries()) {
      assert.ok(texts[index]?.includes(`"${word}"`), word);
    }
  });
});

describe('the current state', () => {
  const inventory = { build: '177', imageName: 'Official Leda device image', imageVersion: '1.0' };

  it('SUA-17 SUA-18 both nodes, no hardware, one association', () => {
    assert.deepEqual(JSON.parse(encodeCurrentState(inventory, { activityId: '1234567890', timestamp: 5 })), {
      activityId: '1234567890',
      timestamp: 5,
      payload: {
        softwareNodes: [
          { id: 'self-update-agent', version: 'build-177', name: 'OTA NG Self Update Agent', type: 'APPLICATION' },
          { id: 'self-update:os-image', version: '1.0', name: 'Official Leda device image', type: 'IMAGE' },
        ],
        hardwareNodes: [],
        associations: [{ sourceId: 'self-update-agent', targetId: 'self-update:os-image' }],
      },
    });
  });

  it('SUA-16 without an id the key is not there', () => {
    const json = encodeCurrentState(inventory, { timestamp: 5 });
    assert.ok(!('activityId' in JSON.parse(json)));
    assert.match(json, /timestamp/);
  });
});
