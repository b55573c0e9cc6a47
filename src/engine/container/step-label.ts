/** Label of containers that a build runs its steps in: they are the build's to remove, and go with what an earlier daemon has left. */
export const STEP_LABEL = 'skiff.build.step';
