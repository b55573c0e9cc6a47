/**
 * Seccomp filters as the runtime has compiled them.
 *
 * Compiling Docker's default profile takes libseccomp longer than everything else in a start together (16 of 30 ms), and gives the
 * same bytes every time. crun takes a ready filter by an annotation (crun(1), run.oci.seccomp_bpf_data) and leaves the one it made in
 * its state folder: the first container with a profile pays, the others bring its filter along.
 */
export interface CompiledFilters {
  /** The spec with the ready filter for its profile, or as it is when there is none yet. */
  apply(runtime: string, spec: SpecWithSeccomp): object;
  /** Keeps the filter of a container that has just been started with this spec; nothing when it is known or not to be found. */
  learn(runtime: string, containerId: string, spec: SpecWithSeccomp): void;
}

export interface SpecWithSeccomp {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: { readonly seccomp?: object };
}
