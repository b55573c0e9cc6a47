import { expect, test } from 'bun:test';
import { formatLinkEnvironment, parseLink } from './links.ts';

test.each([
  ['db', { name: 'db', alias: undefined }],
  ['db:sql', { name: 'db', alias: 'sql' }],
  ['/db:/web/sql', { name: 'db', alias: 'sql' }],
])('the link %s is read', (text, expected) => {
  expect(parseLink(text)).toEqual(expected);
});

test.each(['', ':a', 'db:', 'a:b:c'])('the link %p is refused', (text) => {
  expect(() => parseLink(text)).toThrow(`bad format for links: ${text}`);
});

test.each([
  [
    ['82/tcp', '80/tcp', '81/tcp'],
    ['TCP_START=80', 'TCP_END=82'],
  ],
  [
    ['82/tcp', '80/tcp', '81/tcp', '81/udp'],
    ['TCP_START=80', 'TCP_END=81'],
  ],
  [['80/tcp', '82/tcp'], []],
])('of the ports %p those that follow one another are told as a range', (ports, expected) => {
  const told = formatLinkEnvironment({ alias: 'a', path: '/w/a', ip: '1.2.3.4', ports, environment: [] });
  const ranges = told.flatMap(
    (entry) => /^A_PORT_80_(TCP_(?:START|END)=).*:(\d+)$/.exec(entry)?.slice(1).join('') ?? [],
  );
  expect(ranges).toEqual(expected);
});

test('the variables of a link tell its ports, its name and the environment but PATH and HOME', () => {
  const facts = {
    alias: 'my-db',
    path: '/web/my-db',
    ip: '172.17.0.2',
    ports: ['5432/tcp', '53/udp'],
    environment: ['PATH=/bin', 'HOME=/', 'USER=me', 'EMPTY=', 'broken'],
  };
  expect(formatLinkEnvironment(facts)).toEqual([
    'MY_DB_PORT=udp://172.17.0.2:53',
    'MY_DB_PORT_53_UDP=udp://172.17.0.2:53',
    'MY_DB_PORT_53_UDP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    'MY_DB_PORT_5432_TCP=tcp://172.17.0.2:5432',
    'MY_DB_PORT_5432_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_5432_TCP_PORT=5432',
    'MY_DB_PORT_5432_TCP_PROTO=tcp',
    'MY_DB_NAME=/web/my-db',
    'MY_DB_ENV_USER=me',
    'MY_DB_ENV_EMPTY=',
  ]);
});
