import type { HttpRoutes } from '../../runtime/index.js';
import type { DispatcherView } from './index.js';

/** `GET /api/v1/dispatchers`: each destination, its state and how far behind it is. */
export function dispatchRoutes(views: () => readonly DispatcherView[]): HttpRoutes {
  return (app) => {
    app.get('/api/v1/dispatchers', async () => ({ dispatchers: views() }));
  };
}
