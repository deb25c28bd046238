// What the commands that judge were asked for, as commander hands it over.

/** Where the facts come from. */
export interface FactsFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly manifests?: readonly string[];
  /** The cluster folder of a repository that Flux applies. */
  readonly flux?: string;
  /** [NAMESPACE/NAME=]DIR: the folders that stand for Flux sources. */
  readonly source?: readonly string[];
  readonly static: boolean;
}

/** What every command that judges items takes. */
export interface JudgeFlags extends FactsFlags {
  /** Special addresses (CIDR) that evidence may be fetched from all the same. */
  readonly allowEvidenceFrom?: readonly string[];
  readonly namespace?: string;
  readonly selector?: string;
  readonly memory?: string;
}

export interface VerifyFlags extends JudgeFlags {
  readonly output: 'table' | 'wide' | 'json' | 'yaml' | 'markdown' | 'html' | 'sarif' | 'junit';
  readonly strict: boolean;
  readonly color: boolean;
}

export const REPORT_FORMATS = ['markdown', 'html', 'json', 'sarif', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];
