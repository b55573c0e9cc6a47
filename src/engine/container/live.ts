import type { ContainerWaitResponse } from '../../api/types/container.ts';
import type { MonitorSession } from '../../linux/monitor/monitor.ts';
import type { ContainerRecord, ContainerRecords, StateRecord } from '../../store/record/container-records.ts';
import type { NetworkAttachment } from '../network/network.ts';
import type { AttachStream } from './attach-stream.ts';
import { ambiguousPrefix, noSuchContainer } from './errors.ts';

/**
 * A container in memory: its last record, which readers take without waiting, and what only exists while it runs.
 * Fields change under the container's lock, except `manuallyStopped` and the sets of attachers and execs.
 */
export interface LiveContainer {
  record: ContainerRecord;
  /** Present from just before the process starts until its exit is handled. */
  session: MonitorSession | undefined;
  attachment: NetworkAttachment | undefined;
  /** Attachers who wait for the next start. */
  readonly waitingAttachers: Set<AttachStream>;
  /** Ids of execs, running or not. */
  readonly execIds: Set<string>;
  /** Next exit; replaced after each. */
  exit: PromiseWithResolvers<ContainerWaitResponse>;
  /** The removal; replaced when one that was under way has failed. */
  removed: PromiseWithResolvers<ContainerWaitResponse>;
  /** Delay before the present run by policy; undefined: started by a user. */
  restartDelayMs: number | undefined;
  /** Ends a back-off early; present while it lasts. */
  cancelBackOff: (() => void) | undefined;
  /** Stop or kill was asked for and the state does not say so yet. */
  stopAsked: boolean;
  /** A restart by hand is under way: the exit does not remove an auto-remove container and starts nothing. */
  restartingByHand: boolean;
  /** It is removed as soon as it has ended: nothing of its exit is kept, and nothing waited for. */
  doomed: boolean;
  removing: boolean;
}

function createLive(record: ContainerRecord): LiveContainer {
  return {
    record,
    session: undefined,
    attachment: undefined,
    waitingAttachers: new Set(),
    execIds: new Set(),
    exit: Promise.withResolvers(),
    removed: Promise.withResolvers(),
    restartDelayMs: undefined,
    cancelBackOff: undefined,
    stopAsked: false,
    restartingByHand: false,
    doomed: false,
    removing: false,
  };
}

/** Every container, by id and name; records on disk and in memory change together. */
export interface ContainerTable {
  /** Newest last. */
  all(): readonly LiveContainer[];
  byId(id: string): LiveContainer | undefined;
  /** By full id, name with or without a slash, unique id prefix. Errors: not_found, invalid_parameter for an ambiguous prefix. */
  find(name: string): LiveContainer;
  ownerOf(name: string): LiveContainer | undefined;
  /** Durable when it returns. */
  insert(record: ContainerRecord): LiveContainer;
  saveState(live: LiveContainer, state: StateRecord): void;
  /** For what has happened and cannot be refused: kept in memory when it cannot be written (full disk). False: it is not durable. */
  settleState(live: LiveContainer, state: StateRecord): boolean;
  /** In memory alone: for a state that need not survive a crash. */
  setState(live: LiveContainer, state: StateRecord): void;
  /** Durable when it returns. */
  saveEndpoints(live: LiveContainer, endpoints: ContainerRecord['endpoints']): void;
  /** Durable when it returns. */
  saveHostConfig(live: LiveContainer, hostConfig: ContainerRecord['hostConfig']): void;
  rename(live: LiveContainer, name: string): void;
  delete(live: LiveContainer): void;
}

export function createContainerTable(records: ContainerRecords): ContainerTable {
  const byId = new Map(records.all().map((record) => [record.id, createLive(record)]));
  const byName = new Map([...byId.values()].map((live) => [live.record.name, live]));
  const find = (name: string): LiveContainer => {
    const exact = byId.get(name) ?? byName.get(name.replace(/^\//, ''));
    if (exact) return exact;
    const matches = /^[0-9a-f]+$/.test(name)
      ? [...byId.values()].filter(({ record }) => record.id.startsWith(name))
      : [];
    if (matches.length > 1) throw ambiguousPrefix(name);
    if (!matches[0]) throw noSuchContainer(name);
    return matches[0];
  };
  return {
    all: () => [...byId.values()],
    byId: (id) => byId.get(id),
    find,
    ownerOf: (name) => byName.get(name),
    insert(record) {
      records.insert(record);
      const live = createLive(record);
      byId.set(record.id, live);
      byName.set(record.name, live);
      return live;
    },
    saveState(live, state) {
      records.saveState(live.record.id, state);
      live.record = { ...live.record, state };
    },
    settleState(live, state) {
      live.record = { ...live.record, state };
      try {
        records.saveState(live.record.id, state);
        return true;
      } catch {
        return false;
      }
    },
    setState(live, state) {
      live.record = { ...live.record, state };
    },
    saveEndpoints(live, endpoints) {
      records.saveEndpoints(live.record.id, endpoints);
      live.record = { ...live.record, endpoints };
    },
    saveHostConfig(live, hostConfig) {
      records.saveHostConfig(live.record.id, hostConfig);
      live.record = { ...live.record, hostConfig };
    },
    rename(live, name) {
      records.rename(live.record.id, name);
      byName.delete(live.record.name);
      live.record = { ...live.record, name };
      byName.set(name, live);
    },
    delete(live) {
      records.delete(live.record.id);
      byId.delete(live.record.id);
      if (byName.get(live.record.name) === live) byName.delete(live.record.name);
    },
  };
}
