// What `verify` was asked for, as commander hands it over.

export interface VerifyFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly manifests?: readonly string[];
  readonly static: boolean;
  readonly namespace?: string;
  readonly selector?: string;
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
  readonly memory?: string;
  readonly strict: boolean;
  readonly timeout: number;
  readonly color: boolean;
}
