import { createHash } from 'node:crypto';
import type { HostConfig } from '../../api/types/container.ts';
import type { FileSource, Step } from '../../build/plan/plan.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import type { Selection } from './select.ts';

/** Names what a stage's files are after a step: from what they were made, and how. Times of files are no part of it. */
export type CacheKey = string & { readonly __cacheKey: never };

/** One thing that a step is made from. Values are short: long ones are hashes. */
export type StepInput = readonly [name: string, value: string];

/** The key of a stage before its first step. */
export function baseKey(base: FileSource, stageKey: (index: number) => CacheKey): CacheKey {
  if (base.kind === 'stage') return stageKey(base.index);
  return hashOf(['base', base.kind === 'image' ? base.digest : base.kind]);
}

/** The key after a step with these inputs. */
export function keyOf(inputs: readonly StepInput[]): CacheKey {
  return hashOf(['step', inputs]);
}

export function hashOf(parts: readonly unknown[]): CacheKey {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex') as CacheKey;
}

const MAX_VALUE = 200;

function short(value: string): string {
  return value.length <= MAX_VALUE ? value : `${value.slice(0, MAX_VALUE - 80)}… sha256:${hashOf([value])}`;
}

export interface InputFacts {
  /** What the stage is before the step. */
  readonly before: CacheKey;
  /** What the stage begins from. */
  readonly base: FileSource;
  readonly hostConfig: HostConfig;
  /** '' is the one of every build. */
  readonly hostname: string;
  /** Names the content behind a source of files. */
  readonly contentOf: (source: FileSource, paths: readonly string[]) => readonly StepInput[];
  /** Files of a COPY from the context, or what ADD has fetched. */
  readonly files: readonly StepInput[];
  /** Seconds that no time may pass; undefined: times are as they come. */
  readonly clampSeconds: number | undefined;
}

/** Everything that a step's result depends on, what changes all that follows first; nothing for steps that leave files as they are. */
export function stepInputs(step: Step, facts: InputFacts): readonly StepInput[] {
  const head: StepInput[] = [
    beforeInput(facts),
    ...(facts.clampSeconds === undefined ? [] : [['SOURCE_DATE_EPOCH', String(facts.clampSeconds)] as const]),
  ];
  switch (step.kind) {
    case 'config':
      return [];
    case 'directory':
      return [...head, ['directory', step.path], ['user', step.user]];
    case 'run':
      return [
        ...head,
        ['command', short(JSON.stringify(step.argv))],
        ...step.env.map((entry) => envInput(entry)),
        ['working directory', step.workingDirectory],
        ['user', step.user],
        ['network', `${step.network} ${facts.hostConfig.NetworkMode ?? ''}`],
        ['security', step.security],
        ...step.devices.map(({ name, required }): StepInput => [`device ${name}`, required ? 'required' : '']),
        ...(facts.hostname === '' ? [] : [['hostname', facts.hostname] as const]),
        ...(step.script ? [['script', short(step.script.content)] as const] : []),
        ...step.mounts.flatMap((mount): readonly StepInput[] => {
          const { from, sharing: _sharing, ...rest } = mount;
          const told: StepInput = [`mount ${mount.type} ${mount.target}`, short(JSON.stringify(rest))];
          return mount.type === 'bind' ? [told, ...facts.contentOf(from, [mount.source || '/'])] : [told];
        }),
      ];
    case 'copy':
      return [
        // an independent layer is the same on top of anything
        ...(isIndependent(step) ? head.slice(1) : head),
        ['instruction', step.instruction],
        ['sources', short(JSON.stringify([step.paths, step.excludes, step.parents]))],
        ...step.files.map(({ name, content }): StepInput => [`heredoc ${name}`, short(content)]),
        ['destination', step.destination],
        ['--chown', step.chown],
        ['--chmod', step.chmod],
        ['--unpack', String(step.unpack ?? '')],
        ['--link', String(isIndependent(step))],
        ...facts.files,
      ];
  }
}

/** The first step on an image stands on that image. */
function beforeInput({ before, base }: InputFacts): StepInput {
  const isFirst = base.kind === 'image' && before === hashOf(['base', base.digest]);
  return isFirst ? ['base image', base.digest] : ['the step before', before];
}

/** `--link` makes a layer of its own; with --chmod BuildKit copies as ever, and so do owners that need the stage's accounts. */
export function isIndependent(step: Step): boolean {
  return step.kind === 'copy' && step.link && step.chmod === '' && /^(?:\d+(?::\d+)?)?$/.test(step.chown);
}

function envInput(entry: string): StepInput {
  const at = entry.indexOf('=');
  return [`env ${entry.slice(0, at)}`, short(entry.slice(at + 1))];
}

/** Files by everything that ends up in the image, but for times. */
export function fileInputs(selections: readonly Selection[]): readonly StepInput[] {
  return selections.flatMap((selection) =>
    selection.kind === 'file'
      ? [fileInput(selection.name, selection.entry)]
      : selection.files.map(({ relative, entry }) => fileInput(relative, entry)),
  );
}

function fileInput(name: string, { type, mode, size, link, hash, xattrs, sameAs, owner }: TreeEntry): StepInput {
  const facts = `${type[0]}${mode.toString(8)}${owner === '' ? '' : ` ${owner}`}`;
  const same = sameAs === '' ? '' : ` =${sameAs}`;
  const more = `${same}${xattrs === '' ? '' : ` ${hashOf([xattrs]).slice(0, 32)}`}`;
  if (type === 'file') return [`file ${name}`, `${facts} ${size} ${hash}${more}`];
  return [`file ${name}`, `${facts} ${link}${more}`];
}
