import { randomBytes } from 'node:crypto';
import type { Secret } from '../../api/types/secret.ts';
import { KnownError } from '../../lib/errors.ts';
import type { SecretRecord, SecretRecords } from '../../store/record/secret-records.ts';
import type { SecretBox } from '../../store/secret/secret-box.ts';
import type { EventBus } from '../event/event.ts';
import { matchesLabels } from '../volume/filter.ts';
import type { SecretService } from './secret.ts';

/** Docker's own bounds (swarmkit). */
const NAME = /^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$/;
const NAME_MAX = 64;
const VALUE_MAX_BYTES = 500 * 1024;

export function createSecretService(deps: {
  readonly records: SecretRecords;
  readonly box: SecretBox;
  readonly events: EventBus;
  /** Names of the containers that have a secret. */
  readonly users: (name: string) => readonly string[];
}): SecretService {
  const { records, box, events } = deps;
  const find = (name: string): SecretRecord => {
    const record = records.find(name);
    if (!record) throw new KnownError('not_found', `secret ${name} not found`);
    return record;
  };
  const tell = (action: string, { id, name }: SecretRecord): void =>
    events.publish({ type: 'secret', action, id, attributes: { name } });
  return {
    async create({ name, labels, value }) {
      if (!NAME.test(name) || name.length > NAME_MAX)
        throw new KnownError(
          'invalid_parameter',
          `invalid secret name '${name.slice(0, 100)}': only 1 to ${NAME_MAX} letters, digits, and -_. between them are allowed`,
        );
      if (value.length === 0 || value.length > VALUE_MAX_BYTES)
        throw new KnownError(
          'invalid_parameter',
          `secret data must be larger than 0 and less than ${VALUE_MAX_BYTES} bytes`,
        );
      if (records.find(name)) throw new KnownError('conflict', `secret ${name} already exists`);
      const record = {
        id: randomBytes(13).toString('hex').slice(0, 25),
        name,
        labels,
        createdAt: new Date().toISOString(),
      };
      records.add(record, box.seal(record.id, value));
      tell('create', record);
      return record.id;
    },
    list: (filters) =>
      records
        .list()
        .filter(
          ({ id, name, labels }) =>
            (filters.get('id')?.some((value) => id.startsWith(value)) ?? true) &&
            (filters.get('name')?.some((value) => name.startsWith(value)) ?? true) &&
            matchesLabels(labels, filters),
        )
        .map(toSecret),
    inspect: (name) => toSecret(find(name)),
    async remove(name) {
      const record = find(name);
      const users = deps.users(record.name);
      if (users.length > 0)
        throw new KnownError(
          'invalid_parameter',
          `secret '${record.name}' is in use by the following container${users.length > 1 ? 's' : ''}: ${users.join(', ')}`,
        );
      records.remove(record.id);
      tell('remove', record);
    },
    has: (name) => records.find(name)?.name === name,
    reveal(name) {
      const { id } = find(name);
      return box.open(id, records.sealed(id) ?? new Uint8Array());
    },
  };
}

function toSecret({ id, name, labels, createdAt }: SecretRecord): Secret {
  return {
    ID: id,
    Version: { Index: 1 },
    CreatedAt: createdAt,
    UpdatedAt: createdAt,
    Spec: { Name: name, Labels: { ...labels } },
  };
}
