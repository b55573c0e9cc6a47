import type { ObjectKind } from './policy.ts';

/** What a request does, as far as access cares. */
export interface Rule {
  readonly does: 'read' | 'write';
  /** The object that the path names, by this parameter. */
  readonly of?: ObjectKind;
  /** It lists objects, or removes all of some sort: those without the label are left out by a filter. */
  readonly filtered?: true;
  /** It makes one: the body gets the label, and must ask for nothing of the host. */
  readonly makes?: 'container' | 'network' | 'volume' | 'exec';
  /** The body names a container. */
  readonly names?: 'container';
  /** A swarm's object, as an engine outside a swarm answers: never this engine's own secrets. */
  readonly swarm?: true;
  /** It cannot be limited to a label: refused where there is one. */
  readonly whole?: true;
}

const read = (more: Omit<Rule, 'does'> = {}): Rule => ({ does: 'read', ...more });
const write = (more: Omit<Rule, 'does'> = {}): Rule => ({ does: 'write', ...more });

/**
 * By method and path of the route. What is not here is refused on a restricted listener: what gives files away (archives of
 * containers and images), builds, images that come and go, credentials, and whatever is added later without a thought of this.
 */
export const RULES: Readonly<Record<string, Rule>> = {
  'GET /_ping': read(),
  'HEAD /_ping': read(),
  'GET /version': read(),
  'GET /info': read(),
  'GET /events': read({ filtered: true }),
  'GET /system/df': read({ whole: true }),

  // `docker inspect` asks for all of them
  'GET /plugins': read(),
  'GET /plugins/{name*}/json': read(),
  'GET /services/{id}': read(),
  'GET /tasks/{id}': read(),
  'GET /nodes/{id}': read(),
  'GET /configs/{id}': read(),
  'GET /secrets/{id}': read({ swarm: true }),

  'GET /containers/json': read({ filtered: true }),
  'GET /containers/{name}/json': read({ of: 'container' }),
  'GET /containers/{name}/top': read({ of: 'container' }),
  'GET /containers/{name}/logs': read({ of: 'container' }),
  'GET /containers/{name}/stats': read({ of: 'container' }),
  'GET /containers/{name}/ports': read({ of: 'container' }),
  'GET /containers/{name}/changes': read({ of: 'container' }),
  'POST /containers/{name}/wait': read({ of: 'container' }),
  'POST /containers/create': write({ makes: 'container' }),
  'POST /containers/prune': write({ filtered: true }),
  'POST /containers/{name}/start': write({ of: 'container' }),
  'POST /containers/{name}/stop': write({ of: 'container' }),
  'POST /containers/{name}/restart': write({ of: 'container' }),
  'POST /containers/{name}/kill': write({ of: 'container' }),
  'POST /containers/{name}/pause': write({ of: 'container' }),
  'POST /containers/{name}/unpause': write({ of: 'container' }),
  'POST /containers/{name}/rename': write({ of: 'container' }),
  'POST /containers/{name}/resize': write({ of: 'container' }),
  'POST /containers/{name}/update': write({ of: 'container' }),
  'POST /containers/{name}/attach': write({ of: 'container' }),
  'GET /containers/{name}/attach/ws': write({ of: 'container' }),
  'DELETE /containers/{name}': write({ of: 'container' }),
  'DELETE /containers/{name}/{alias}': write({ of: 'container' }),
  'HEAD /containers/{name}/archive': write({ of: 'container' }),
  'GET /containers/{name}/archive': write({ of: 'container' }),
  'PUT /containers/{name}/archive': write({ of: 'container' }),
  'GET /containers/{name}/export': write({ of: 'container' }),
  'POST /containers/{name}/exec': write({ of: 'container', makes: 'exec' }),
  'POST /exec/{id}/start': write({ of: 'exec' }),
  'POST /exec/{id}/resize': write({ of: 'exec' }),
  'GET /exec/{id}/json': read({ of: 'exec' }),

  'GET /images/json': read({ filtered: true }),
  'GET /images/{name*}/json': read({ of: 'image' }),
  'GET /images/{name*}/history': read({ of: 'image' }),

  'GET /networks': read({ filtered: true }),
  'GET /networks/{id*}': read({ of: 'network' }),
  'POST /networks/create': write({ makes: 'network' }),
  'POST /networks/prune': write({ filtered: true }),
  'DELETE /networks/{id*}': write({ of: 'network' }),
  'POST /networks/{id}/connect': write({ of: 'network', names: 'container' }),
  'POST /networks/{id}/disconnect': write({ of: 'network', names: 'container' }),

  'GET /volumes': read({ filtered: true }),
  'GET /volumes/{name}': read({ of: 'volume' }),
  'POST /volumes/create': write({ makes: 'volume' }),
  'POST /volumes/prune': write({ filtered: true }),
  'DELETE /volumes/{name}': write({ of: 'volume' }),
};
