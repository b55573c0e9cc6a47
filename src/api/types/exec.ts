/** Wire types of the Engine API 1.51: exec. Field names and shapes follow the API definition. */

export interface ProcessConfig {
  privileged?: boolean;
  user?: string;
  tty?: boolean;
  entrypoint?: string;
  arguments?: string[];
}
