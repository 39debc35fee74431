import { actorView } from './actor-view.js';
import { actorsView } from './actors-view.js';
import { Api } from './api.js';
import { connectionsView } from './connections-view.js';
import { containerView } from './container-view.js';
import { containersView } from './containers-view.js';
import { HubFeed } from './hub-feed.js';
import { Notices } from './notices.js';
import { overviewView } from './overview-view.js';
import { parseRoute, type Route } from './router.js';
import { Shell } from './shell.js';
import { supervisionView } from './supervision-view.js';
import { Token } from './token.js';
import { unknownView } from './unknown-view.js';
import { updatesView } from './updates-view.js';
import { vehicleView } from './vehicle-view.js';
import { vehiclesView } from './vehicles-view.js';
import type { View, ViewContext } from './view.js';

const api = new Api(new Token());
const context: ViewContext = { api, feed: new HubFeed(api), notices: new Notices() };
const shell = new Shell(context);

function viewOf(route: Route): View {
  switch (route.view) {
    case 'overview':
      return overviewView(context);
    case 'vehicles':
      return vehiclesView(context);
    case 'vehicle':
      return vehicleView(context, route.vin);
    case 'connections':
      return connectionsView(context);
    case 'actors':
      return actorsView(context, route.filter);
    case 'actor':
      return actorView(context, route.address);
    case 'supervision':
      return supervisionView(context);
    case 'updates':
      return updatesView(context);
    case 'containers':
      return containersView(context);
    case 'container':
      return containerView(context, route.id);
    case 'unknown':
      return unknownView(route.path);
  }
}

function navigate(): void {
  const route = parseRoute(location.hash);
  shell.show(viewOf(route), route);
}

addEventListener('hashchange', navigate);
navigate();
context.feed.start();
