/**
 * Cuts the body of a Kubernetes list into its items while it arrives, so that
 * neither the text nor the objects of a page are ever held as a whole.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export type ListSplitter = {
  /** Calls `onItem` with the JSON of each item that this chunk completes. */
  push(chunk: Buffer, onItem: (json: string) => void): void;
  /** The list without its items; throws a SyntaxError when the body was not whole. */
  end(): { metadata?: { resourceVersion?: string; continue?: string } };
};

/** Where `items` stands does not matter: custom resources come with their fields sorted, before `metadata`. */
export function createListSplitter(): ListSplitter {
  const envelope: Buffer[] = [];
  let item: Buffer[] = [];
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inItems = false;
  let inItem = false;

  const opensItems = (upToHere: Buffer): boolean =>
    /(?<!\\)"items"\s*:\s*$/.test(
      Buffer.concat([...envelope.slice(-1), upToHere])
        .toString('latin1')
        .slice(-64),
    );

  return {
    push: (chunk, onItem) => {
      // What is not of an item, from here on, is of the envelope.
      let from = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
          continue;
        }
        switch (byte) {
          case QUOTE:
            inString = true;
            break;
          case OPEN_OBJECT:
          case OPEN_ARRAY:
            depth++;
            if (inItems && depth === 3) {
              inItem = true;
              from = at;
            } else if (byte === OPEN_ARRAY && depth === 2 && opensItems(chunk.subarray(from, at))) {
              inItems = true;
              envelope.push(chunk.subarray(from, at + 1));
            }
            break;
          case CLOSE_OBJECT:
          case CLOSE_ARRAY:
            depth--;
            if (inItem && depth === 2) {
              item.push(chunk.subarray(from, at + 1));
              onItem((item.length === 1 ? item[0]! : Buffer.concat(item)).toString('utf8'));
              item = [];
              inItem = false;
            } else if (inItems && depth === 1) {
              inItems = false;
              from = at;
            }
            break;
        }
      }
      if (inItem) item.push(chunk.subarray(from));
      // A copy, so that a few bytes do not keep a whole chunk; joined, so that a key cut in two is still found.
      else if (!inItems) envelope.push(Buffer.concat([...envelope.splice(-1), chunk.subarray(from)]));
    },
    end: () => JSON.parse(Buffer.concat(envelope).toString('utf8')),
  };
}
