/** Wire types of the Engine API 1.51: event. Field names and shapes follow the API definition. */

export interface EventActor {
  ID?: string;
  Attributes?: Record<string, string>;
}

export interface EventMessage {
  Type?:
    | 'builder'
    | 'config'
    | 'container'
    | 'daemon'
    | 'image'
    | 'network'
    | 'node'
    | 'plugin'
    | 'secret'
    | 'service'
    | 'volume';
  Action?: string;
  Actor?: EventActor;
  scope?: 'local' | 'swarm';
  time?: number;
  timeNano?: number;
}
