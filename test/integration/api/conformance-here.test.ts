import { startEngine } from '../build/in-process.ts';
import { conform } from './conformance.suite.ts';
import { openWorld } from './world.ts';

conform(
  'an engine in this process',
  async () =>
    await openWorld(async () => {
      const { root, stop } = await startEngine('ska');
      return { root, socket: `${root}/s`, [Symbol.asyncDispose]: stop };
    }),
);
