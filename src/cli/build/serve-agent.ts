import { bytesOf, type Channel } from '../../api/build-session/connection.ts';
import { createKeyAgent, createSocketAgent, messagesOf } from '../ssh-agent/agent.ts';
import { sshString } from '../ssh-agent/wire.ts';
import type { AgentSource } from './options/ssh.ts';

/** Answers what a step asks its agent, until it leaves. Errors: those of the agent and of the channel. */
export async function serveAgent(source: AgentSource, channel: Channel): Promise<void> {
  using agent = source.kind === 'keys' ? createKeyAgent(source.keys) : createSocketAgent(source.path);
  for await (const request of messagesOf(bytesOf(channel))) await channel.write(sshString(await agent.answer(request)));
  await channel.end();
}
