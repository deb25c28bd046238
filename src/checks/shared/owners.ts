// Who owns an object.

import type { Meta, Owner } from '../../facts/kinds.ts';

/** metav1.GetControllerOf. */
export function controllerOf(meta: Meta): Owner | undefined {
  return meta.owners.find(({ controller }) => controller);
}
