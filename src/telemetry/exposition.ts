// The Prometheus text format (version 0.0.4), for series that are rendered when
// they change and not when they are scraped.

export type Labels = Readonly<Record<string, string>>;

/** The lines that open a family of series. */
export function familyHeader(name: string, type: 'gauge' | 'counter', help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

/** One sample with its line end. Labels with an empty value are left out: to Prometheus they are the same. */
export function sample(name: string, labels: Labels, value: number): string {
  const written = Object.entries(labels)
    .filter(([, label]) => label !== '')
    .map(([key, label]) => `${key}="${escapeLabel(label)}"`);
  return `${name}{${written.join(',')}} ${formatValue(value)}\n`;
}

/** Backslash, quote and line feed are the only characters that the format escapes in a label. */
function escapeLabel(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function formatValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}
