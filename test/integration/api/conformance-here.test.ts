import { startEngine } from '../build/in-process.ts';
import { conform } from './conformance.suite.ts';
import { openWorld } from './world.ts';

conform(
  'an engine in this process',
  async () =>
    await openWorld(async () => {
      const engine = await startEngine('ska');
      const { root } = engine;
      return { root, socket: `${root}/s`, [Symbol.asyncDispose]: async () => await engine.stop() };
    }),
);
