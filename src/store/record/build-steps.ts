/** What steps of earlier builds were made from, to say what has changed since. A few for each step, forgotten when it was not built for long. */
export interface BuildSteps {
  keep(step: BuiltStep): void;
  /** Steps with this instruction or at this place, latest first, at most twenty. */
  like(step: Pick<BuiltStep, 'place' | 'instruction'>): readonly BuiltStep[];
}

export interface BuiltStep {
  /** Stage and position in it. */
  readonly place: string;
  readonly instruction: string;
  readonly inputs: readonly (readonly [name: string, value: string])[];
  readonly build: { readonly name: string; readonly atMs: number };
}
