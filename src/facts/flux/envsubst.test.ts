// Variables as Flux's envsubst reads them. The rows are in the words of Bash's
// manual; what Flux refuses, and where it differs from Bash, stands below.

import { describe, expect, it } from 'vitest';
import { hide, whyHidden } from '../../api/hidden.ts';
import { substitute } from './envsubst.ts';

const VALUES: Readonly<Record<string, string>> = {
  name: 'web',
  upper: 'ABC',
  file: 'dir/archive.tar.gz',
  text: 'one two one',
  empty: '',
  word: 'naïve',
};
const put = (text: string) => substitute(text, (name) => VALUES[name]);

describe('a variable', () => {
  const rows: [string, string][] = [
    ['no variable at all', 'no variable at all'],
    [`\${name}`, 'web'],
    [`a\${name}b\${name}`, 'awebbweb'],
    [`\${missing}`, ''],
    [`\${missing:-x}`, 'x'],
    [`\${missing:=x}`, 'x'],
    [`\${missing=x}`, 'x'],
    [`\${empty:=x}`, 'x'],
    [`\${empty=x}`, 'x'],
    [`\${name:=x}`, 'web'],
    [`\${missing:=}`, ''],
    [`\${missing:=a\${name}b}`, 'awebb'],
    [`\${missing:=\${other:=deep}}`, 'deep'],
    [`\${#name}`, '3'],
    [`\${#word}`, '6'],
    [`\${name^}`, 'Web'],
    [`\${name^^}`, 'WEB'],
    [`\${upper,}`, 'aBC'],
    [`\${upper,,}`, 'abc'],
    [`\${name:1}`, 'eb'],
    [`\${name:1:1}`, 'e'],
    [`\${name:0:9}`, 'web'],
    [`\${name:9}`, ''],
    [`\${name: -1}`, 'web'],
    [`\${text/one/1}`, '1 two one'],
    [`\${text//one/1}`, '1 two 1'],
    [`\${text/#one/1}`, '1 two one'],
    [`\${text/%one/1}`, 'one two 1'],
    [`\${text//one /}`, 'two one'],
    [`\${file/\\//-}`, 'dir-archive.tar.gz'],
    [`\${file#*/}`, 'archive.tar.gz'],
    [`\${file##*.}`, 'gz'],
    [`\${file%.*}`, 'dir/archive.tar'],
    [`\${file%%.*}`, 'dir/archive'],
    [`$\${name}`, `\${name}`],
    [`$$\${name}`, '$web'],
    ['costs $$5, or $5', 'costs $5, or $5'],
    ['a lone $', 'a lone $'],
    [`$\${a:=\${name}}`, `\${a:=web}`],
  ];
  it.for(rows)('%s is %s', ([text, expected]) => {
    expect(put(text)).toBe(expected);
  });

  const refused = [
    `\${name`,
    `\${`,
    `\${}`,
    `\${name-x}`,
    `\${name+x}`,
    `\${!name}`,
    `\${name[0]}`,
    `\${name:}`,
    `\${name/x}`,
    `\${name#}`,
    `\${@}`,
  ];
  it.for(refused)('%s is refused, as Flux refuses it', (text) => {
    expect(() => put(`first: line\nsecond: ${text}`)).toThrow(/line 2/);
  });

  const secret = hide('Secret a/b is encrypted');
  const hidden = [
    `\${secret}`,
    `\${secret:=x}`,
    `\${secret:0:3}`,
    `\${#secret}`,
    `\${secret^^}`,
    `\${secret/a/b}`,
    `\${secret##*a}`,
    `\${name/web/\${secret}}`,
    `\${name:\${secret}}`,
    `\${missing:=\${secret:0:1}}`,
  ];
  it.for(hidden)('%s is hidden where the value is', (text) => {
    const result = substitute(text, (name) => (name === 'secret' ? secret : VALUES[name]));
    expect(whyHidden(result)).toBe('Secret a/b is encrypted');
  });

  it('that is not needed hides nothing', () => {
    expect(substitute(`\${name:=\${secret}}`, (name) => (name === 'secret' ? secret : VALUES[name]))).toBe(
      'web',
    );
  });

  it('may be nested without end, and is refused then', () => {
    const deep = `${'${missing:='.repeat(10_000)}${'}'.repeat(10_000)}`;
    expect(() => put(deep)).toThrow('nested more than 50 deep');
  });

  it('with a pattern made to explode is put in at once', () => {
    const value = 'a'.repeat(2_000);
    const started = performance.now();
    substitute(`\${x##${'*a'.repeat(50)}b}`, () => value);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
