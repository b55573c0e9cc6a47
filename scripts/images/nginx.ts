import { type BusyboxProgram, DEFAULT_PATH } from './busybox.ts';
import { mergedUsr } from './libraries.ts';
import { directories, type FileTree, mergeTrees, symlinks, type TreeNode, textFiles } from './tree.ts';
import { accountFiles } from './users.ts';

/** What the image is put together from. */
export interface NginxParts {
  /** Packages nginx and nginx-common, whole. */
  readonly packages: FileTree;
  readonly libraries: FileTree;
  readonly busybox: BusyboxProgram;
}

export const NGINX_BINARY = 'usr/sbin/nginx';

/** Of the packages, what a server needs; Debian's site on /var/www/html gives way to the official image's. */
const WANTED =
  /^(usr\/sbin\/nginx|etc\/nginx\/(?!sites-)|usr\/share\/nginx\/html\/|usr\/share\/doc\/nginx[^/]*\/copyright)/;

/** The official image's site, at its paths. */
const SITE = `server {
    listen       80;
    listen  [::]:80;
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
`;

const ERROR_PAGE = `<!DOCTYPE html>
<html>
<head><title>Error</title></head>
<body>
<h1>An error occurred.</h1>
<p>Sorry, the page you are looking for is currently unavailable.<br/>Please try again later.</p>
</body>
</html>
`;

/** As in the official image: runs what /docker-entrypoint.d holds, and does without IPv6 where the kernel has none. */
const ENTRYPOINT = `#!/bin/sh
set -e
if [ "$1" = nginx ]; then
    site=/etc/nginx/conf.d/default.conf
    if [ ! -f /proc/net/if_inet6 ] && [ -w "$site" ]; then
        sed -i '/listen  \\[::\\]:80;/d' "$site"
    fi
    for script in /docker-entrypoint.d/*.sh; do
        if [ -x "$script" ]; then "$script"; fi
    done
fi
exec "$@"
`;

/** Image-spec config of the official image. */
export function nginxConfig(version: string): Readonly<Record<string, unknown>> {
  return {
    ExposedPorts: { '80/tcp': {} },
    Env: [DEFAULT_PATH, `NGINX_VERSION=${version}`],
    Entrypoint: ['/docker-entrypoint.sh'],
    Cmd: ['nginx', '-g', 'daemon off;'],
    StopSignal: 'SIGQUIT',
  };
}

/** A Debian root with nginx, the libraries it needs, and busybox for everything else (`docker exec web sh`). */
export function nginxRoot({ packages, libraries, busybox }: NginxParts): FileTree {
  const server = new Map(
    [...mergedUsr(packages)].filter(([path, node]) => WANTED.test(path) && node.kind !== 'directory'),
  );
  return mergeTrees(
    symlinks({ bin: 'usr/bin', sbin: 'usr/sbin', lib: 'usr/lib', lib64: 'usr/lib64', 'var/run': '/run' }),
    busyboxTools(busybox),
    libraries,
    server,
    directories({
      'docker-entrypoint.d': 0o755,
      'etc/nginx/modules-enabled': 0o755,
      'etc/nginx/sites-enabled': 0o755,
      home: 0o755,
      root: 0o700,
      run: 0o755,
      tmp: 0o1777,
      'usr/lib64': 0o755,
      'var/cache/nginx': 0o755,
      'var/lib/nginx': 0o755,
      'var/tmp': 0o1777,
      'var/www': 0o755,
    }),
    textFiles({
      ...accountFiles([{ name: 'nginx', id: 101, home: '/nonexistent' }]),
      'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
      'etc/nginx/conf.d/default.conf': SITE,
      'usr/share/nginx/html/50x.html': ERROR_PAGE,
    }),
    symlinks({ 'var/log/nginx/access.log': '/dev/stdout', 'var/log/nginx/error.log': '/dev/stderr' }),
    new Map<string, TreeNode>([
      ['docker-entrypoint.sh', { kind: 'file', content: Buffer.from(ENTRYPOINT), mode: 0o755 }],
    ]),
  );
}

function busyboxTools({ binary, applets }: BusyboxProgram): FileTree {
  return mergeTrees(
    symlinks(Object.fromEntries(applets.map((name) => [`usr/bin/${name}`, 'busybox']))),
    new Map<string, TreeNode>([['usr/bin/busybox', { kind: 'file', content: binary, mode: 0o755 }]]),
  );
}
