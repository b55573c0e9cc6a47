/** `default-network-opts` of the daemon: options by the driver's name. */
export type NetworkOptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The body of a creation with what it does not say of its driver's options. A network that takes over a configuration has none of its own
 * (moby, daemon/network.go). Pure.
 */
export function withDefaultOptions(
  body: Readonly<Record<string, unknown>>,
  defaults: NetworkOptions,
): Readonly<Record<string, unknown>> {
  const { Driver: given, ConfigFrom: from, Options: options } = body;
  const driver = given === undefined || given === null || given === '' || given === 'default' ? 'bridge' : given;
  const own = typeof driver === 'string' && Object.hasOwn(defaults, driver) ? defaults[driver] : undefined;
  const isObject =
    options === undefined || options === null || (typeof options === 'object' && !Array.isArray(options));
  return !own || from || !isObject ? body : { ...body, Options: { ...own, ...options } };
}
