import { expect, test } from 'bun:test';
import { createClassicProgress } from './classic-progress.ts';
import type { Vertex } from './progress.ts';

const vertex = (more: Partial<Vertex>): Vertex => ({
  id: 'abcdef0123456789',
  name: 'RUN true',
  stage: 's',
  platform: '',
  role: 'step',
  base: '',
  triggers: 0,
  place: undefined,
  ...more,
});

test('the texts are those of the classic builder, steps numbered as they begin', () => {
  let text = '';
  const progress = createClassicProgress({
    text: (piece) => void (text += piece),
    image: (id) => void (text += `<${id.slice(0, 10)}>\n`),
    progress: () => undefined,
  });
  progress.tell({ kind: 'planned', steps: 3 });
  progress.tell({ kind: 'started', vertex: vertex({ role: 'base', name: 'FROM x', base: 'x', triggers: 1 }) });
  progress.tell({ kind: 'started', vertex: vertex({ role: 'trigger' }) });
  progress.tell({ kind: 'cached', id: 'abcdef0123456789' });
  progress.tell({ kind: 'started', vertex: vertex({ role: 'config', name: 'ENV a=b' }) });
  progress.tell({ kind: 'started', vertex: vertex({}) });
  progress.tell({ kind: 'running', id: 'x', containerId: '0123456789abcdef' });
  progress.tell({ kind: 'log', id: 'x', stream: 'stdout', text: 'out\n' });
  progress.tell({ kind: 'log', id: 'x', stream: 'stderr', text: 'err\n' });
  progress.tell({ kind: 'completed', id: 'fedcba9876543210', containerId: '0123456789abcdef' });
  progress.tell({ kind: 'warning', text: 'w' });
  progress.tell({ kind: 'image', imageId: `sha256:${'5'.repeat(64)}`, names: ['n:t'] });
  expect(text).toBe(`Step 1/3 : FROM x
 ---> abcdef012345
# Executing 1 build trigger
 ---> Using cache
 ---> abcdef012345
Step 2/3 : ENV a=b
 ---> abcdef012345
Step 3/3 : RUN true
 ---> Running in 0123456789ab
out
\u001b[91merr
\u001b[0m ---> Removed intermediate container 0123456789ab
 ---> fedcba987654
[Warning] w
<sha256:555>
Successfully built 555555555555
Successfully tagged n:t
`);
});
