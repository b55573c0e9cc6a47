import { badVlan } from './errors.ts';

/** A link `eth0.10` that is not there is made on `eth0`. Errors: system, in Docker's words; `exists` tells whether a link is there. */
export function parseVlanParent(
  name: string,
  exists: (link: string) => boolean,
): { readonly link: string; readonly vlanId: number } {
  if (!name.includes('.')) throw badVlan(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  const [link = '', id = '', ...more] = name.split('.');
  if (more.length > 0)
    throw badVlan(`required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received ${name}`);
  if (!/^\d{1,9}$/.test(id)) throw badVlan(`unable to parse a valid vlan id from: ${id} (ex. eth0.10 for vlan 10)`);
  if (!exists(link)) throw badVlan(`-o parent interface was not found on the host: ${link}`);
  const vlanId = Number(id);
  if (vlanId < 1 || vlanId > 4094) throw badVlan(`vlan id must be between 1-4094, received: ${vlanId}`);
  return { link, vlanId };
}
