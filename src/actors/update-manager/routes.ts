import type { HttpRoutes } from '../../runtime/index.js';
import type { UpdatesView } from './view.js';

/** `GET /api/v1/updates`: the running update with its domains and actions, what waits, and what came of the last ones. */
export function updateRoutes(view: () => UpdatesView): HttpRoutes {
  return (app) => {
    app.get('/api/v1/updates', async () => view());
  };
}
