// The version of the operator, written down in package.json alone.

import manifest from '../package.json' with { type: 'json' };

export const version: string = manifest.version;
