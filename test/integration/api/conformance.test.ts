import { conform } from './conformance.suite.ts';
import { openWorld } from './world.ts';

conform('a daemon', async () => await openWorld());
