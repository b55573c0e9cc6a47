/**
 * Owner of background work: every promise that nobody awaits belongs to a group, and whoever made
 * the group awaits it before going away. A task that fails is reported once, to `onError`.
 */
export interface TaskGroup {
  /** Starts `work` in the background. */
  spawn(name: string, work: () => Promise<unknown>): void;
  /** Resolves when no task of the group runs any more, including those started meanwhile. Never rejects. */
  idle(): Promise<void>;
}

export function createTaskGroup(onError: (name: string, error: unknown) => void): TaskGroup {
  const tasks = new Set<Promise<void>>();
  const run = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(name, error);
    }
  };
  return {
    spawn(name, work) {
      const task = run(name, work);
      tasks.add(task);
      void task.then(() => tasks.delete(task));
    },
    async idle() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}
