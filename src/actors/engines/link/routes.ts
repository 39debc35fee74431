import type { HttpRoutes } from '../../../runtime/index.js';
import type { EngineLinkView } from './engine-link.js';

/** `GET /api/v1/engine`: which container engine was chosen, why, and whether it is there. */
export function engineRoutes(view: () => EngineLinkView): HttpRoutes {
  return (app) => {
    app.get('/api/v1/engine', async () => view());
  };
}
