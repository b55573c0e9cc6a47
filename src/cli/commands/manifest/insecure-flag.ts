import type { Flag } from '../../../lib/flags/flag.ts';

export const INSECURE_FLAG: Flag = {
  name: 'insecure',
  kind: 'bool',
  description: 'Allow communication with an insecure registry',
};
