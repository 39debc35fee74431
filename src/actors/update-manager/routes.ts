import type { HttpRoutes } from '../../runtime/index.js';
import type { CurrentStateView } from './current-state.js';
import type { UpdatesView } from './view.js';

export interface UpdateRoutesDeps {
  readonly view: () => UpdatesView;
  readonly currentState: () => CurrentStateView;
  /** Takes a desired state in its envelope; the id of its activity. */
  readonly submit: (payload: Uint8Array) => Promise<string>;
}

/**
 * `GET /api/v1/updates`: the running update with its domains and actions, what waits, and what came of the last ones.
 * `POST /api/v1/updates`: a desired state in its envelope, as over MQTT; 202 once it is stored.
 * `GET /api/v1/current-state`: what each domain last said that it has.
 */
export function updateRoutes({ view, currentState, submit }: UpdateRoutesDeps): HttpRoutes {
  return (app) => {
    app.get('/api/v1/updates', async () => view());
    app.get('/api/v1/current-state', async () => currentState());
    app.register(async (raw) => {
      // The bytes themselves: they are read as those of the broker, and their digest tells a repetition.
      raw.removeAllContentTypeParsers();
      raw.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
      raw.post('/api/v1/updates', async (request, reply) => {
        const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        return reply.code(202).send({ activityId: await submit(payload) });
      });
    });
  };
}
