import type { ProgressEvent, ProgressSink, Vertex } from './progress.ts';

/** Where a renderer of the classic builder's output writes. */
export interface BuildOutput {
  /** Text of the build, with line ends. */
  text(text: string): void;
  /** The image is there. */
  image(id: string): void;
  /** A message of a pull. */
  progress(message: Readonly<Record<string, unknown>>): void;
}

/** The texts that clients of the classic builder match on. Steps are numbered as they begin. */
export function createClassicProgress(output: BuildOutput): ProgressSink {
  let total = 0;
  let number = 0;
  const started = (vertex: Vertex): void => {
    if (vertex.role !== 'trigger') output.text(`Step ${++number}/${total} : ${vertex.name}\n`);
    if (vertex.role === 'base') {
      output.text(` ---> ${vertex.base === '' ? '' : vertex.id.slice(0, 12)}\n`);
      const { triggers } = vertex;
      if (triggers > 0) output.text(`# Executing ${triggers} build trigger${triggers === 1 ? '' : 's'}\n`);
    }
    if (vertex.role === 'config') output.text(` ---> ${vertex.id.slice(0, 12)}\n`);
  };
  const tell = (event: ProgressEvent): void => {
    switch (event.kind) {
      case 'planned':
        total = event.steps;
        return;
      case 'started':
        return started(event.vertex);
      case 'cached':
        return output.text(` ---> Using cache\n ---> ${event.id.slice(0, 12)}\n`);
      case 'running':
        return output.text(` ---> Running in ${event.containerId.slice(0, 12)}\n`);
      case 'log':
        return output.text(event.stream === 'stderr' ? `\u001b[91m${event.text}\u001b[0m` : event.text);
      case 'completed':
        if (event.containerId !== undefined)
          output.text(` ---> Removed intermediate container ${event.containerId.slice(0, 12)}\n`);
        return output.text(` ---> ${event.id.slice(0, 12)}\n`);
      case 'warning':
        return output.text(`[Warning] ${event.text}\n`);
      case 'pull':
        return output.progress(event.message);
      case 'image':
        output.image(event.imageId);
        output.text(`Successfully built ${event.imageId.slice('sha256:'.length, 'sha256:'.length + 12)}\n`);
        for (const name of event.names) output.text(`Successfully tagged ${name}\n`);
        return;
      case 'push':
        return output.progress(event.message);
      case 'failed':
      case 'explained':
      case 'finding':
      case 'task':
      case 'task-ended':
        return; // the failure is the answer's last object; of the rest the classic builder never told
    }
  };
  return { tell };
}
