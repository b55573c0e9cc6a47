/**
 * Records what Docker's own client 28.2 prints for the lines of test/fixtures/manifest-scenario.ts, to which ours are held. Needs
 * /usr/local/bin/docker 28.2 and Debian's docker-registry.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playManifests } from '../test/fixtures/manifest-scenario.ts';
import { startRegistry } from '../test/fixtures/registry.ts';

await using registry = await startRegistry();
const steps = await playManifests('/usr/local/bin/docker', registry);
const path = join(import.meta.dirname, '../test/fixtures/cli/manifest.golden.json');
writeFileSync(path, `[\n${steps.map((step) => `  ${JSON.stringify(step)}`).join(',\n')}\n]\n`);
