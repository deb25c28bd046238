// What repeats in thousands of objects is kept once: namespaces, times, the
// names of managers and owners, the containers of one template's pods.

export interface Sharing {
  /** The text as it was first seen. */
  text(text: string): string;
  /** The first value that was equal to this one. Only for what is never changed. */
  part<T extends object>(value: T): T;
}

/** Nothing is remembered. */
export const unshared: Sharing = { text: (text) => text, part: (value) => value };

/** Bounded, so that it cannot leak: past `most` entries it starts over. What is in use stays in use. */
export function createSharing(most = 50_000): Sharing {
  const texts = new Map<string, string>();
  const parts = new Map<string, object>();
  return {
    text: (text) => {
      const known = texts.get(text);
      if (known !== undefined) return known;
      if (texts.size >= most) texts.clear();
      texts.set(text, text);
      return text;
    },
    part: <T extends object>(value: T): T => {
      const key = JSON.stringify(value);
      const known = parts.get(key);
      if (known) return known as T;
      if (parts.size >= most) parts.clear();
      parts.set(key, value);
      return value;
    },
  };
}
