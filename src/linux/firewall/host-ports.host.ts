import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import type { HostPorts } from './host-ports.ts';

interface Held {
  readonly port: number;
  close(done: () => void): void;
}

export function createHostPorts(): HostPorts {
  const held = new Map<string, Held>();
  return {
    async hold(protocol, ip, port) {
      try {
        const holder = await (protocol === 'tcp' ? listenTcp(ip, port) : bindUdp(ip, port));
        held.set(`${protocol} ${ip} ${holder.port}`, holder);
        return holder.port;
      } catch (error) {
        if (errnoOf(error) === 'EADDRINUSE')
          throw new KnownError('conflict', 'address already in use', { cause: error });
        throw new KnownError('system', messageOf(error), { cause: error });
      }
    },
    async release(protocol, ip, port) {
      const key = `${protocol} ${ip} ${port}`;
      const holder = held.get(key);
      held.delete(key);
      if (holder) await new Promise<void>((resolve) => holder.close(resolve));
    },
    translatesSctp: () => existsSync('/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established'),
  };
}

/** The firewall sends the traffic elsewhere; what still arrives here (IPv6, other tables) is refused. */
async function listenTcp(ip: string, port: number): Promise<Held> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: ip, port, exclusive: true }, resolve);
  });
  server.unref();
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: (done) => server.close(() => done()),
  };
}

async function bindUdp(ip: string, port: number): Promise<Held> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: ip, port, exclusive: true }, resolve);
  });
  socket.unref();
  return { port: socket.address().port, close: (done) => socket.close(done) };
}
