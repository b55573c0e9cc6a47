import { showNetworks } from './connect.ts';
import type { ContainerContext } from './context.ts';
import { noLinkGiven, noSuchContainer } from './errors.ts';
import { linksOf, parseLink } from './links.ts';
import type { LiveContainer } from './live.ts';

/** `container/alias`, as clients name a link. Errors: conflict for the name of a container; not_found for more than that. */
export function parseLinkName(path: string): { readonly owner: string; readonly alias: string } {
  const [owner, alias, ...more] = path.replace(/^\/+/, '').split('/');
  if (!owner || !alias) throw noLinkGiven();
  if (more.length > 0) throw noSuchContainer(path);
  return { owner, alias };
}

/** Takes one link out of a container, under its lock; the container that it leads to stays. Errors: not_found. */
export function removeLink(ctx: ContainerContext, live: LiveContainer, alias: string): void {
  const { name, hostConfig } = live.record;
  const link = linksOf(ctx, live.record).find((one) => one.alias === alias);
  if (!link) throw noSuchContainer(`${name}/${alias}`);
  const isOther = (text: string): boolean => {
    const other = parseLink(text);
    return other.name !== link.record.id || (other.alias ?? link.record.name) !== alias;
  };
  ctx.table.saveHostConfig(live, { ...hostConfig, Links: (hostConfig.Links ?? []).filter(isOther) });
  if (live.attachment) showNetworks(ctx, live, live.attachment);
}
