// What `verify` and `report` were asked for, as commander hands it over.

/** What every command that judges takes. */
export interface JudgeFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly manifests?: readonly string[];
  /** The cluster folder of a repository that Flux applies. */
  readonly flux?: string;
  /** [NAMESPACE/NAME=]DIR: the folders that stand for Flux sources. */
  readonly source?: readonly string[];
  readonly static: boolean;
  /** Special addresses (CIDR) that evidence may be fetched from all the same. */
  readonly allowEvidenceFrom?: readonly string[];
  readonly namespace?: string;
  readonly selector?: string;
  readonly memory?: string;
  readonly timeout: number;
}

export interface VerifyFlags extends JudgeFlags {
  readonly output: 'table' | 'wide' | 'json' | 'yaml' | 'markdown' | 'html' | 'sarif' | 'junit';
  readonly strict: boolean;
  readonly color: boolean;
}
