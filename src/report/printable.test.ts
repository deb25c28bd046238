import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { printable, toJson, toYaml } from './printable.ts';
import { HOSTILE } from './testing/reviews.ts';

/** Whatever a terminal would obey, but for the end of a line. */
const OBEYED = /[[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]--\n]/v;
const CSI = 'a\u009b31m\u007f\u0085\u2028b';
const VALUE = { ...HOSTILE, [CSI]: [CSI, { deep: `${CSI}\n${HOSTILE.turned}` }], plain: 'a: b' };

describe('text from outside', () => {
  it('obeys no terminal on a line, and keeps what people write', () => {
    expect(printable(Object.values(HOSTILE).join('\n'))).not.toMatch(OBEYED);
    expect(printable(HOSTILE.rtl)).toBe(HOSTILE.rtl);
  });

  it('obeys none in JSON, and is the same value', () => {
    expect(toJson(VALUE)).not.toMatch(OBEYED);
    expect(JSON.parse(toJson(VALUE))).toEqual(VALUE);
  });

  it('obeys none in YAML, and is the same value', () => {
    const { half: _half, ...value } = VALUE;
    expect(toYaml(value)).not.toMatch(OBEYED);
    expect(parse(toYaml(value))).toEqual(value);
  });
});
