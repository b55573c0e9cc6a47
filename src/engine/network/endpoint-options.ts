const SYSCTL = /^net\.(ipv4|ipv6|mpls)\.([a-z0-9_]+)\.(?:IFNAME|ifname)\.([A-Za-z0-9_]+)=([^,\n]*)$/;

/** A setting of one link: `net/ipv4/conf/` and `/forwarding` go around the link's name. */
interface LinkSysctl {
  readonly folder: string;
  readonly name: string;
  readonly value: string;
}

/** Settings that the option `com.docker.network.endpoint.sysctls` asks for, and what is wrong with it, in Docker's words. */
export function parseEndpointSysctls(options: Readonly<Record<string, string>>): {
  readonly sysctls: readonly LinkSysctl[];
  readonly problems: readonly string[];
} {
  const text = options['com.docker.network.endpoint.sysctls'];
  const sysctls: LinkSysctl[] = [];
  const problems: string[] = [];
  for (const entry of text === undefined ? [] : text.split(',')) {
    const [, area, kind, name, value] = SYSCTL.exec(entry) ?? [];
    if (area === undefined || name === undefined || value === undefined)
      problems.push(
        `unrecognised network interface sysctl '${entry}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      );
    else sysctls.push({ folder: `net/${area}/${kind}`, name, value });
  }
  return { sysctls, problems };
}

/** Paths below /proc/sys with their values, for that link. */
export function toLinkSysctls(
  options: Readonly<Record<string, string>>,
  link: string,
): Readonly<Record<string, string>> {
  const { sysctls } = parseEndpointSysctls(options);
  return Object.fromEntries(sysctls.map(({ folder, name, value }) => [`${folder}/${link}/${name}`, value]));
}
