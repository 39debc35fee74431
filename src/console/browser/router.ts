/** Where in the console one is; kept in the address's hash, so that any place can be bookmarked and sent. */
export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'vehicles' }
  | { readonly view: 'vehicle'; readonly vin: string }
  | { readonly view: 'connections' }
  | { readonly view: 'actors'; readonly filter: ActorFilter }
  | { readonly view: 'actor'; readonly address: string }
  | { readonly view: 'supervision' }
  | { readonly view: 'updates' }
  | { readonly view: 'containers' }
  | { readonly view: 'container'; readonly id: string }
  | { readonly view: 'unknown'; readonly path: string };

export interface ActorFilter {
  readonly type: string;
  readonly state: string;
  readonly q: string;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [first = '', ...rest] = path.split('/');
  if (first === 'vehicles') {
    return rest.length === 0 ? { view: 'vehicles' } : { view: 'vehicle', vin: rest.map(decoded).join('/') };
  }
  if (first === 'connections') return { view: 'connections' };
  if (first === 'supervision') return { view: 'supervision' };
  if (first === 'updates') return { view: 'updates' };
  if (first === 'containers') {
    return rest.length === 0 ? { view: 'containers' } : { view: 'container', id: rest.map(decoded).join('/') };
  }
  if (first === 'actor' && rest.length > 0) return { view: 'actor', address: rest.map(decoded).join('/') };
  if (first === 'actors') {
    const params = new URLSearchParams(query);
    const filter = { type: params.get('type') ?? '', state: params.get('state') ?? '', q: params.get('q') ?? '' };
    return { view: 'actors', filter };
  }
  return path === '' ? { view: 'overview' } : { view: 'unknown', path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function actorHref(address: string): string {
  return `#/actor/${address.split('/').map(encodeURIComponent).join('/')}`;
}

export function vehicleHref(vin: string): string {
  return `#/vehicles/${encodeURIComponent(vin)}`;
}

export function containerHref(id: string): string {
  return `#/containers/${encodeURIComponent(id)}`;
}

export function actorsHref(filter: Partial<ActorFilter> = {}): string {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== '')).toString();
  return query === '' ? '#/actors' : `#/actors?${query}`;
}
