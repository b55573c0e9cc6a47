import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { BuildAsk, EndMessage } from '../../api/build-session/messages.ts';
import { formatExcerpt } from '../../build/parse/location.ts';
import type { Flags } from '../../lib/flags/flag.ts';
import type { CommandContext } from '../command.ts';
import { registryCredentials } from '../config/auth.ts';
import { ExitError } from '../exit-error.ts';
import { toMap } from '../parse/env.ts';
import { isTerminal } from '../terminal/tty.host.ts';
import { buildArgsOf, givenArgs } from './build-args.ts';
import type { ClientSide } from './client-side.ts';
import { formatReasons } from './explain-text.ts';
import { limitsOf } from './limits.ts';
import { parseAnnotation } from './options/annotation.ts';
import { parseAttestations } from './options/attest.ts';
import { parseCacheExport, parseCacheImport } from './options/cache.ts';
import { parseNamedContext } from './options/named-context.ts';
import { parseOutputs } from './options/output.ts';
import { parseSecrets } from './options/secret.ts';
import { parseSshAgents } from './options/ssh.ts';
import { platformsOf } from './platforms.ts';
import { openRenderer, type ProgressMode, progressMode } from './progress/open-renderer.ts';
import { createTrace, type FailedStep, type InternalStep, processText, type Trace } from './progress/trace.ts';
import { openSession, runSession } from './run-session.ts';
import { openSource, type SessionSource } from './session-source.ts';

/**
 * `docker build` over a connection on which daemon and client ask each other. Resolves with the status; undefined: the daemon has no such thing, and
 * nothing was read or printed. Errors: invalid_parameter and not_implemented for options; ExitError with BuildKit's text.
 */
export async function sessionBuild(context: CommandContext, flags: Flags, place: string): Promise<number | undefined> {
  const options = parseOptions(flags);
  const mode = progressMode(flags.text('progress'), flags.bool('quiet'), process.env['BUILDKIT_PROGRESS'] ?? '');
  const socket = await openSession(context.api);
  if (socket === undefined) return undefined;
  if (flags.bool('compress'))
    context.err('WARNING: --compress has no effect: this daemon asks for the files that it lacks, as they are\n');
  try {
    const source = await openSource(place, flags.text('file'), process.stdin);
    return await build(context, flags, { options, mode, source, socket });
  } finally {
    socket.close();
  }
}

type Options = ReturnType<typeof parseOptions>;

function parseOptions(flags: Flags) {
  const { env } = process;
  const tags = flags.list('tag');
  return {
    outputs: parseOutputs(
      { outputs: flags.list('output'), push: flags.bool('push'), load: flags.bool('load'), tags },
      isTerminal(1),
    ),
    annotations: flags.list('annotation').flatMap(parseAnnotation),
    attestations: parseAttestations({
      attest: flags.list('attest'),
      provenance: flags.text('provenance'),
      sbom: flags.text('sbom'),
    }),
    cacheFrom: flags.list('cache-from').map(parseCacheImport),
    cacheTo: flags.list('cache-to').map(parseCacheExport),
    contexts: flags.list('build-context').map(parseNamedContext),
    secrets: parseSecrets(flags.list('secret'), env),
    agents: parseSshAgents(flags.list('ssh'), env),
    limits: limitsOf(flags),
  };
}

function toAsk(flags: Flags, options: Options, source: SessionSource): BuildAsk {
  const { outputs, annotations, attestations, cacheFrom, cacheTo, contexts, limits } = options;
  const allowed = flags.list('allow').flatMap((text) => (text.startsWith('device=') ? [text] : text.split(',')));
  const limitTexts = Object.entries(limits).map(
    ([name, value]) => [name, typeof value === 'object' ? value : [String(value)]] as const,
  );
  return {
    kind: 'build',
    id: randomUUID(),
    source: source.asked,
    dockerfile: source.dockerfile,
    outputs: outputs.map(({ asked }) => asked),
    annotations,
    ...attestations,
    cacheFrom: cacheFrom.map(({ asked }) => asked),
    cacheTo: cacheTo.map(({ asked }) => asked),
    contexts: contexts.map(({ asked }) => asked),
    target: flags.text('target'),
    buildArgs: givenArgs(buildArgsOf(flags.list('build-arg'), process.env)),
    labels: toMap(flags.list('label')),
    platforms: platformsOf(flags),
    noCache: flags.bool('no-cache') ? 'all' : flags.list('no-cache-filter').flatMap((text) => text.split(',')),
    pull: flags.bool('pull'),
    // to ask for the host's network allows it, as with buildx
    entitlements: flags.text('network') === 'host' ? [...allowed, 'network.host'] : allowed,
    reasons: flags.bool('explain'),
    limits: Object.fromEntries(limitTexts),
  };
}

interface Run {
  readonly options: Options;
  readonly mode: ProgressMode;
  readonly source: SessionSource;
  readonly socket: NonNullable<Awaited<ReturnType<typeof openSession>>>;
}

async function build(context: CommandContext, flags: Flags, run: Run): Promise<number> {
  const { options, mode, source, socket } = run;
  const renderer = openRenderer(mode, context.err);
  if (mode === 'plain')
    context.err(`#0 building with "${context.config.contextName}" instance using docker driver\n\n`);
  const trace = createTrace((update) => renderer.show(update), Date.now);
  const sending = followContext(trace, source);
  const cancel = new AbortController();
  const stopSignals = onInterrupt(() => cancel.abort());
  let end: EndMessage;
  try {
    end = await runSession(socket, {
      ask: toAsk(flags, options, source),
      side: toSide(context, run, sending.sent),
      onEvent(event) {
        if (event.kind === 'planned') sending.done();
        trace.told(event);
      },
      cancel: cancel.signal,
    });
  } finally {
    stopSignals();
    trace.end();
    renderer.finish();
  }
  return report(context, flags, { ...run, trace, end, cancelled: cancel.signal.aborted });
}

function report(
  { out, err }: CommandContext,
  flags: Flags,
  {
    mode,
    source,
    trace,
    end,
    cancelled,
  }: Run & { readonly trace: Trace; readonly end: EndMessage; readonly cancelled: boolean },
): number {
  const talks = mode === 'plain' || mode === 'tty';
  if (talks && trace.warnings.length > 0) err(formatWarnings(trace.warnings));
  if (flags.bool('explain')) err(formatReasons(trace.reasons()));
  if (end.kind === 'failed') {
    const failed = trace.failed();
    throw new ExitError(
      cancelled ? 130 : 1,
      `${talks ? formatTail(failed) : ''}${excerptOf(end, failed, source)}${errorText(end)}`,
    );
  }
  const { imageId, metadata } = end;
  if (flags.text('iidfile') !== '') writeFileSync(flags.text('iidfile'), imageId ?? '');
  if (flags.text('metadata-file') !== '')
    writeFileSync(flags.text('metadata-file'), JSON.stringify(metadata, undefined, 2));
  if (flags.bool('quiet') && imageId !== undefined) out(`${imageId}\n`);
  return 0;
}

function toSide(context: CommandContext, { options, source }: Run, onSent: (bytes: number) => void): ClientSide {
  return {
    folder: source.folder,
    archive: source.archive,
    contextFolders: options.contexts.map(({ folder }) => folder),
    cacheFrom: options.cacheFrom.map(({ folder }) => folder),
    cacheTo: options.cacheTo.map(({ folder }) => folder),
    outputs: options.outputs.map(({ destination }) => destination),
    secrets: options.secrets,
    agents: options.agents,
    env: process.env,
    async credentials(registry) {
      const found = await registryCredentials(context.config.raw, { registry }, context.err);
      return Object.keys(found).length === 0 ? undefined : { ...found, serveraddress: registry };
    },
    toStdout: async (bytes) => context.out(bytes),
    onSent,
  };
}

/** The client's own steps, as BuildKit has them. */
function followContext(
  trace: Trace,
  { text, fileName, ignoreBytes, folder }: SessionSource,
): { readonly sent: (bytes: number) => void; readonly done: () => void } {
  const once = (name: string, id: string, bytes: number): void => {
    const step = trace.begin(name);
    step.status(id, bytes, true);
    step.done();
  };
  if (text !== undefined)
    once(`[internal] load build definition from ${fileName}`, 'transferring dockerfile:', Buffer.byteLength(text));
  if (folder !== undefined) once('[internal] load .dockerignore', 'transferring context:', ignoreBytes ?? 0);
  let step: InternalStep | undefined;
  let total = 0;
  const begin = (): InternalStep => (step ??= trace.begin('[internal] load build context'));
  return {
    sent(bytes) {
      total += bytes;
      begin().status('transferring context:', total, false);
    },
    done() {
      if (folder === undefined || folder.list.length === 0) return;
      begin().status('transferring context:', total, true);
      begin().done();
    },
  };
}

/** The first Ctrl-C asks for an end, the second one is the end. */
function onInterrupt(interrupt: () => void): () => void {
  let asked = false;
  const handle = (): void => {
    if (asked) process.exit(130);
    asked = true;
    interrupt();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, handle);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, handle);
  };
}

function formatWarnings(warnings: readonly string[]): string {
  const count = `${warnings.length} warning${warnings.length === 1 ? '' : 's'} found`;
  return `\n ${count}:\n${warnings.map((text) => ` - ${text}\n`).join('')}`;
}

/** The step that failed, and the last it said. */
function formatTail(failed: FailedStep | undefined): string {
  if (failed === undefined) return '';
  return `------\n > ${failed.name}:\n${failed.lines.map((line) => `${line}\n`).join('')}------\n`;
}

type Failed = Extract<EndMessage, { readonly kind: 'failed' }>;

function excerptOf({ lines }: Failed, failed: FailedStep | undefined, { text, fileName }: SessionSource): string {
  const place = lines ?? failed?.place;
  return text === undefined || place === undefined ? '' : formatExcerpt(text, fileName, place);
}

function errorText({ command, message }: Failed): string {
  return `ERROR: failed to solve: ${command ? processText(command) : message}`;
}
