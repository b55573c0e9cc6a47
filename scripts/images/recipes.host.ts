import { BUSYBOX_CONFIG, type BusyboxProgram, busyboxRoot } from './busybox.ts';
import { imageArchitecture, installedProgram, installedVersion, run } from './packages.host.ts';
import { type Recipe, upstreamVersion } from './recipe.ts';

const busybox: Recipe = {
  name: 'busybox',
  make() {
    const version = installedVersion('busybox-static');
    const { program, dateSeconds } = readBusybox();
    return {
      image: {
        root: busyboxRoot(program),
        config: BUSYBOX_CONFIG,
        architecture: imageArchitecture(),
        createdSeconds: createdSeconds(dateSeconds),
        name: 'busybox',
        tags: [upstreamVersion(version), 'latest'],
        createdBy: `busybox-static ${version}`,
      },
      packages: { 'busybox-static': version },
    };
  },
  currentVersion: () => installedVersion('busybox-static'),
};

export const RECIPES: readonly Recipe[] = [busybox];

/** The installed static busybox: set-up has put it there for the tests as well. */
function readBusybox(): { readonly program: BusyboxProgram; readonly dateSeconds: number } {
  const { path, content, dateSeconds } = installedProgram('busybox-static', 'busybox');
  const applets = run([path, '--list']).toString().trim().split('\n');
  return { program: { binary: content, applets }, dateSeconds };
}

/** https://reproducible-builds.org/specs/source-date-epoch/ */
function createdSeconds(packageDate: number): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  return given === undefined || given === '' ? packageDate : Number(given);
}
