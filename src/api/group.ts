// The one place where the API group is written down.

export const GROUP = 'remediation.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = 'RemediationItem';
export const LIST_KIND = 'RemediationItemList';
export const PLURAL = 'remediationitems';
export const SINGULAR = 'remediationitem';
export const SHORT_NAME = 'ri';
export const CATEGORY = 'remediation';

/** Which review an item came from. */
export const REVIEW_LABEL = `${GROUP}/review`;

/** The field manager under which the operator applies status. */
export const FIELD_MANAGER = 'remediation-operator';
