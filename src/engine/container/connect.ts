import type { EndpointSettings } from '../../api/types/network.ts';
import {
  endpointExists,
  hostNetwork,
  notConnected,
  notConnectedStopped,
  privateMode,
  sharedNamespace,
} from '../network/errors.ts';
import type { NetworkAttachment } from '../network/network.ts';
import type { ContainerContext } from './context.ts';
import { withoutNulls } from './defaults.ts';
import { startRemoving } from './errors.ts';
import { dnsWishOf, formatHosts, resolvConfOf } from './etc-files.ts';
import { withLinkedHosts } from './links.ts';
import type { LiveContainer } from './live.ts';

/**
 * Joins one more network, under the lock; one that does not run joins at its next start. The container's own record is written last, so
 * that after a crash in between the next start of the daemon takes away what no record has.
 */
export async function connectContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  nameOrId: string,
  given: EndpointSettings,
): Promise<void> {
  const { record } = live;
  const settings = withoutNulls(given);
  if (live.removing) throw startRemoving();
  const { name, driver } = ctx.networking.resolve(nameOrId, settings);
  if (driver === 'host' && record.hostConfig.NetworkMode !== 'host') throw hostNetwork();
  if (isShared(live)) throw sharedNamespace();
  const others = Object.keys(record.endpoints).filter((other) => other !== name);
  if (others.includes('none') || (driver === 'null' && others.length > 0)) throw privateMode();
  const endpoints = { ...record.endpoints, [name]: settings };
  if (!live.session) return ctx.table.saveEndpoints(live, endpoints);
  if (name in record.endpoints) throw endpointExists(record.name, name);
  const attachment = await ctx.networking.connect({ containerId: record.id, network: name, settings });
  ctx.table.saveEndpoints(live, endpoints);
  showNetworks(ctx, live, attachment);
}

/** Leaves a network, under the lock. The container's own record is written first: after a crash in between the next start finishes it. */
export async function disconnectContainer(ctx: ContainerContext, live: LiveContainer, nameOrId: string): Promise<void> {
  const { record } = live;
  const { name } = ctx.networking.resolve(nameOrId);
  if (record.hostConfig.NetworkMode === 'host') throw hostNetwork();
  if (isShared(live)) throw sharedNamespace();
  if (!(name in record.endpoints))
    throw live.session ? notConnected(record.id, name) : notConnectedStopped(record.id, name);
  const { [name]: _left, ...endpoints } = record.endpoints;
  ctx.table.saveEndpoints(live, endpoints);
  if (live.session) showNetworks(ctx, live, await ctx.networking.disconnect(record.id, name));
}

function isShared({ record }: LiveContainer): boolean {
  const mode = record.hostConfig.NetworkMode ?? 'bridge';
  return mode === 'host' || mode.startsWith('container:');
}

/** What the processes of a running container see of its networks: names and resolver. */
export function showNetworks(ctx: ContainerContext, live: LiveContainer, attached: NetworkAttachment): void {
  const { hostConfig, config, id } = live.record;
  const attachment = withLinkedHosts(ctx, live.record, attached);
  const host = ctx.bundles.readHost();
  live.attachment = attachment;
  const gateways = ctx.networking.hostGateways();
  ctx.bundles.writeEtc(id, { hosts: formatHosts(hostConfig, attachment, host.hosts, config.Domainname, gateways) });
  const wish = dnsWishOf(hostConfig, ctx.settings.defaults);
  ctx.bundles.updateResolvConf(id, resolvConfOf(hostConfig, wish, attachment, host));
}
