import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  createImages,
  type ImageSettings,
  type Images,
  type ImagesOptions,
} from '../../src/actors/engines/images/index.js';
import { createLogger, ManualClock, Metrics } from '../../src/runtime/index.js';
import { ImageEngine } from './image-engine.js';
import { START, temporaryFolder, turnsOfLoop } from './runtime.js';

const NO_KEYS = { keys: [], recipients: [] } as const;

const SETTINGS: ImageSettings = {
  expiryMs: undefined,
  decryption: NO_KEYS,
  verifier: 'none',
  verifierConfig: {},
  pullTimeoutMs: 30 * 60_000,
};

type Overrides = Partial<Omit<ImagesOptions, 'settings'>> & { readonly settings?: Partial<ImageSettings> };

/** Images under a manual clock, with an engine that does as the test says. */
export class TestImages {
  readonly fake = new ImageEngine();
  readonly clock: ManualClock;
  /** JSON, a line each. */
  log = '';
  readonly images: Images;
  readonly folder: string;

  constructor(t: TestContext, { settings, ...overrides }: Overrides = {}, folder?: string, atMs = START) {
    // Before the folder goes.
    t.after(() => this.images.child.stop(0));
    this.folder = folder ?? temporaryFolder(t);
    this.clock = new ManualClock(atMs, () => turnsOfLoop(20));
    this.images = createImages({
      settings: { ...SETTINGS, ...settings },
      registries: { entries: {}, insecure: ['localhost'] },
      engine: this.fake.engine,
      file: join(this.folder, 'images.json'),
      clock: this.clock,
      logger: createLogger({
        level: 'debug',
        clock: this.clock,
        destination: {
          write: (line) => {
            this.log += line;
          },
        },
      }),
      metrics: new Metrics(),
      environment: {},
      certificateFolders: [join(this.folder, 'certs.d')],
      ...overrides,
    });
  }

  ensure(image: string, decryption: ImageSettings['decryption'] = NO_KEYS) {
    return this.images.ensure(image, decryption, () => {}, new AbortController().signal);
  }

  start(): Promise<void> {
    return this.images.child.start(() => {});
  }
}
