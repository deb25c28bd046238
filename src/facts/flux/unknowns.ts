// Values that the repository does not show: encrypted, or kept elsewhere. Each
// is put into the manifests as a mark that no one writes, so that whatever it
// reaches is known to be unknown, and why.

const OPEN = '\uE0F1';
const CLOSE = '\uE0F2';
const MARK = new RegExp(`${OPEN}(\\d+)${CLOSE}`, 'u');

const ALONE = new RegExp(`^${OPEN}\\d+${CLOSE}$`, 'u');

export interface Unknowns {
  /** The mark that stands for a value; `why` says where the value is and why it cannot be read. */
  mark(why: string): string;
  /** Why some text, or something within a value, is not known; undefined where all of it is. */
  find(value: unknown): string | undefined;
  /** A copy in which every value that is a mark alone is this value. */
  replace<T extends object>(object: T, value: number | boolean): T;
  /** Was anything marked? */
  any(): boolean;
}

export function createUnknowns(): Unknowns {
  const reasons: string[] = [];
  const marks = new Map<string, string>();
  const remembered = new WeakMap<object, string | false>();

  const inText = (text: string): string | undefined => {
    const found = MARK.exec(text);
    return found ? reasons[Number(found[1])] : undefined;
  };

  function find(value: unknown): string | undefined {
    if (typeof value === 'string') return inText(value);
    if (typeof value !== 'object' || value === null || reasons.length === 0) return undefined;
    const known = remembered.get(value);
    if (known !== undefined) return known || undefined;
    const reason = search(value);
    remembered.set(value, reason ?? false);
    return reason;
  }

  /** Without recursion: an object may be nested deep. */
  function search(value: object): string | undefined {
    const todo: unknown[] = [value];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (typeof next === 'string') {
        const reason = inText(next);
        if (reason) return reason;
      } else if (typeof next === 'object' && next !== null) {
        for (const [key, child] of Object.entries(next)) todo.push(key, child ?? '');
      }
    }
    return undefined;
  }

  return {
    mark: (why) => {
      let mark = marks.get(why);
      if (!mark) {
        mark = `${OPEN}${reasons.push(why) - 1}${CLOSE}`;
        marks.set(why, mark);
      }
      return mark;
    },
    find,
    replace: <T extends object>(object: T, value: number | boolean) =>
      JSON.parse(JSON.stringify(object), (_key, each: unknown) =>
        typeof each === 'string' && ALONE.test(each) ? value : each,
      ) as T,
    any: () => reasons.length > 0,
  };
}
