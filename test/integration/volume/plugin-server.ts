import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A volume plugin that keeps volumes in folders, and remembers what it was asked. */
export interface PluginServer extends Disposable {
  readonly calls: readonly string[];
  /** For tcp: the port it listens on. */
  readonly port: number;
  /** The next call of that method fails with the text. */
  failNext(method: string, text: string): void;
}

interface Ask {
  readonly Name?: string;
  readonly ID?: string;
  readonly Opts?: Readonly<Record<string, string>>;
}

export function startPlugin(options: {
  readonly root: string;
  readonly socket?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly implements?: readonly string[];
  readonly scope?: string;
}): PluginServer {
  const { root, socket } = options;
  const volumes = new Map<string, { readonly options: object; readonly users: Set<string> }>();
  const failures = new Map<string, string>();
  const calls: string[] = [];
  const at = (name: string): string => join(root, name);
  const answer = (method: string, { Name = '', ID = '', Opts = {} }: Ask): object => {
    const known = volumes.get(Name);
    const shown = (name: string): object => ({
      Name: name,
      Mountpoint: at(name),
      CreatedAt: '2026-01-02T03:04:05Z',
      Status: { sound: 'yes' },
    });
    switch (method) {
      case 'Plugin.Activate':
        return { Implements: options.implements ?? ['VolumeDriver'] };
      case 'VolumeDriver.Capabilities':
        return { Capabilities: { Scope: options.scope ?? 'global' } };
      case 'VolumeDriver.Create':
        if (!known) volumes.set(Name, { options: Opts, users: new Set() });
        return {};
      case 'VolumeDriver.List':
        return { Volumes: [...volumes.keys()].map(shown) };
    }
    if (!known) return { Err: `no volume ${Name}` };
    switch (method) {
      case 'VolumeDriver.Get':
        return { Volume: shown(Name) };
      case 'VolumeDriver.Mount':
        mkdirSync(at(Name), { recursive: true });
        known.users.add(ID);
        return { Mountpoint: at(Name) };
      case 'VolumeDriver.Unmount':
        if (!known.users.delete(ID)) return { Err: `not mounted by ${ID}` };
        return {};
      case 'VolumeDriver.Remove':
        if (known.users.size > 0) return { Err: 'still mounted' };
        volumes.delete(Name);
        rmSync(at(Name), { recursive: true, force: true });
        return {};
      default:
        return { Err: `no such method ${method}` };
    }
  };
  const fetch = async (request: Request): Promise<Response> => {
    const method = new URL(request.url).pathname.slice(1);
    const body = (await request.json()) as Ask;
    calls.push([method, body.Name, body.Opts && JSON.stringify(body.Opts)].filter(Boolean).join(' '));
    const failure = failures.get(method);
    failures.delete(method);
    if (failure !== undefined) return Response.json({ Err: failure }, { status: 500 });
    return Response.json(answer(method, body), {
      headers: { 'Content-Type': 'application/vnd.docker.plugins.v1.2+json' },
    });
  };
  const server =
    socket === undefined
      ? Bun.serve({ port: 0, hostname: '127.0.0.1', fetch, ...(options.tls && { tls: options.tls }) })
      : Bun.serve({ unix: socket, fetch });
  return {
    calls,
    port: server.port ?? 0,
    failNext: (method, text) => void failures.set(method, text),
    [Symbol.dispose]: () => void server.stop(true),
  };
}
