import { posix } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import type { GitSource } from '../../linux/build/remote-sources.ts';

const KEYS = ['ref', 'tag', 'branch', 'commit', 'checksum', 'subdir', 'keep-git-dir', 'submodules'];

/**
 * A repository as contexts and ADD name it: `remote[#ref[:subdir]]`, or with a query `?ref= branch= tag= commit= subdir= keep-git-dir=
 * submodules=`. Errors: invalid_parameter.
 */
export function parseGitSource(text: string, keepGitDir: boolean): GitSource {
  const hash = text.indexOf('#');
  const [whole, fragment] = hash === -1 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)];
  const mark = /^[\w+.-]+:\/\//.test(whole) ? whole.indexOf('?') : -1;
  const remote = mark === -1 ? whole : whole.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : whole.slice(mark + 1));
  for (const key of query.keys())
    if (!KEYS.includes(key))
      throw new KnownError('invalid_parameter', `unexpected query ${JSON.stringify(key)} in ${text}`);
  if (mark !== -1 && fragment !== '')
    throw new KnownError('invalid_parameter', `${text}: a fragment and a query cannot both be given`);
  const colon = fragment.indexOf(':');
  const [ref, subdir] = colon === -1 ? [fragment, ''] : [fragment.slice(0, colon), fragment.slice(colon + 1)];
  const given = (name: string): string => query.get(name) ?? '';
  const refs = [
    ref,
    given('ref'),
    given('branch') && `refs/heads/${given('branch')}`,
    given('tag') && `refs/tags/${given('tag')}`,
  ].filter(Boolean);
  if (refs.length > 1) throw new KnownError('invalid_parameter', `${text}: more than one of ref, branch and tag`);
  const commit = given('commit') || given('checksum');
  if (commit !== '' && !/^[0-9a-f]{7,64}$/.test(commit))
    throw new KnownError('invalid_parameter', `invalid commit ${JSON.stringify(commit)} in ${text}`);
  return {
    remote,
    ref: checkedRef(refs[0] ?? commit),
    subdir: posix.normalize(`/${subdir || given('subdir')}`).slice(1),
    keepGitDir: isOn(given('keep-git-dir'), keepGitDir),
    submodules: isOn(given('submodules'), true),
    checksum: commit,
  };
}

/** What git takes for an option is none of a ref. */
function checkedRef(ref: string): string {
  if (ref.startsWith('-') || /[\s\0~^:?*[\\]|\.\./.test(ref))
    throw new KnownError('invalid_parameter', `invalid git ref ${JSON.stringify(ref)}`);
  return ref;
}

function isOn(text: string, otherwise: boolean): boolean {
  if (text === '') return otherwise;
  return text === '1' || text === 'true';
}
