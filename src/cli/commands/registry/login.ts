import { isKind, KnownError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { type Credentials, HUB_KEY, hostOf, lookUpCredentials } from '../../config/credentials.ts';
import { printNote } from '../../progress/note.ts';

interface Answer {
  readonly Status?: string;
  readonly IdentityToken?: string;
}

/** `docker login`. The password is sent to the daemon, which asks the registry, and never printed. */
export const login: Command = {
  usage: 'docker login [OPTIONS] [SERVER]',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  flags: [
    { name: 'password', short: 'p', kind: 'string', description: 'Password or Personal Access Token (PAT)' },
    {
      name: 'password-stdin',
      kind: 'bool',
      description: 'Take the Password or Personal Access Token (PAT) from stdin',
    },
    { name: 'username', short: 'u', kind: 'string', description: 'Username' },
  ],
  args: { min: 0, max: 1 },
  async run(context, { flags, args }) {
    const address = addressOf(args[0]);
    const given = await givenCredentials(context, flags);
    const stored = given.username === undefined && given.password === undefined;
    const existing = stored ? await existingCredentials(context, address) : undefined;
    const answered = existing && (await tryExisting(context, address, existing));
    if (answered) {
      context.out(`${answered.Status ?? ''}\n`);
      return 0;
    }
    const credentials = await complete(context, address, given);
    const answer = await ask(context, address, credentials);
    await keep(context, address, credentials, answer);
    if (answer.Status) context.out(`${answer.Status}\n`);
    return 0;
  },
};

/** The key of config.json for what the user typed: no scheme, no path; Docker Hub has its own. */
export function addressOf(server: string | undefined): string {
  const host = hostOf(server ?? '');
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? HUB_KEY : host;
}

async function givenCredentials({ err }: CommandContext, flags: Flags): Promise<Credentials> {
  const username = flags.text('username');
  const fromInput = flags.bool('password-stdin');
  if (flags.given('password') && fromInput) {
    throw refusal('conflicting options: cannot specify both --password and --password-stdin');
  }
  if (flags.given('password')) {
    err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    if (flags.text('password') === '') throw refusal('password is empty');
  }
  if (fromInput && username === '') throw refusal('the --password-stdin option requires --username to be set');
  const password = fromInput ? await readPassword() : flags.text('password');
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

async function readPassword(): Promise<string> {
  const { isTerminal } = await import('../../terminal/tty.host.ts');
  if (isTerminal(0)) throw refusal('the input device is a TTY: --password-stdin needs a pipe or a file');
  const { readAllInput } = await import('../../terminal/prompt.host.ts');
  const password = await readAllInput();
  if (password === '') throw refusal('password is empty');
  return password;
}

async function existingCredentials({ config }: CommandContext, address: string): Promise<Credentials | undefined> {
  const found = await lookUpCredentials(config.raw, address);
  const usable = (found.username && found.password) || found.identitytoken;
  return usable ? found : undefined;
}

/** Undefined when the registry does not want what is kept: then the user is asked. */
async function tryExisting(
  context: CommandContext,
  address: string,
  existing: Credentials,
): Promise<Answer | undefined> {
  const user = existing.username ? ` [Username: ${existing.username}]` : '';
  context.err(`Authenticating with existing credentials...${user}\n`);
  printNote(context.err, "To login with a different account, run 'docker logout' followed by 'docker login'");
  context.err('\n\n');
  try {
    const answer = await ask(context, address, existing);
    if (answer.IdentityToken) await keep(context, address, existing, answer);
    return answer;
  } catch (error) {
    if (!isKind(error, 'unauthorized')) throw error;
    context.err(`Stored credentials invalid or expired\n`);
    return undefined;
  }
}

async function complete(context: CommandContext, address: string, given: Credentials): Promise<Credentials> {
  if (given.username && given.password) return given;
  const { isTerminal } = await import('../../terminal/tty.host.ts');
  if (!isTerminal(0)) throw refusal('Error: Cannot perform an interactive login from a non TTY device');
  const { promptLine } = await import('../../terminal/prompt.host.ts');
  const show = (text: string): void => context.out(text);
  if (!given.username && address === HUB_KEY) show('Log in with your Docker ID or email address.\n');
  const username = given.username ?? promptLine('Username: ', show, false).trim();
  if (username === '') throw refusal('username is required');
  const password = given.password ?? promptLine('Password: ', show, true);
  if (password === '') throw refusal('password is required');
  return { username, password };
}

async function ask({ api }: CommandContext, address: string, credentials: Credentials): Promise<Answer> {
  return await api.json<Answer>('POST', '/auth', { body: { ...credentials, serveraddress: address } });
}

async function keep(
  { config, err }: CommandContext,
  address: string,
  { username, password, identitytoken }: Credentials,
  answer: Answer,
): Promise<void> {
  const { saveCredentials } = await import('../../config/save.ts');
  const token = answer.IdentityToken || identitytoken;
  const kept: Credentials = {
    ...(username ? { username } : {}),
    ...(token ? { identitytoken: token } : password ? { password } : {}),
  };
  const readable = await saveCredentials(config.path, config.raw, address, kept);
  if (readable) err(unencrypted(config.path));
}

function unencrypted(path: string): string {
  return `\nWARNING! Your credentials are stored unencrypted in '${path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`;
}

function refusal(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
