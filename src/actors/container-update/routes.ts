import type { HttpRoutes } from '../../runtime/index.js';
import type { ContainerUpdateView } from './view.js';

/** `GET /api/v1/container-update`: the running operation, or none. */
export function containerUpdateRoutes(view: () => ContainerUpdateView): HttpRoutes {
  return (app) => {
    app.get('/api/v1/container-update', async () => view());
  };
}
