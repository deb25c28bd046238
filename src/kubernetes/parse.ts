/** From the text of watch events and list items to objects; whatever is not as Kubernetes sends it is an error. */
import { ApiError, type StatusBody } from './errors.ts';
import { BadObjectError } from './failure.ts';
import type { ListSplitter } from './list-items.ts';
import type { KubeObject } from './types.ts';

type WatchEvent = { type?: string; object?: KubeObject };

export const parseJson = (json: string): KubeObject => {
  try {
    return JSON.parse(json) as KubeObject;
  } catch (error) {
    throw new BadObjectError(`an item is not JSON (it starts ${JSON.stringify(json.slice(0, 60))})`, {
      cause: error,
    });
  }
};

export function endOfList(path: string, splitter: ListSplitter): ReturnType<ListSplitter['end']> {
  try {
    return splitter.end();
  } catch (error) {
    throw new BadObjectError(`the answer to ${path} is no whole list`, { cause: error });
  }
}

export function parseEvent(line: string): { type: string; object: KubeObject } {
  let event: WatchEvent;
  try {
    event = (JSON.parse(line) as WatchEvent | null) ?? {};
  } catch (error) {
    throw new BadObjectError(`a watch event is not JSON (it starts ${JSON.stringify(line.slice(0, 60))})`, {
      cause: error,
    });
  }
  const { type = '', object } = event;
  if (type === 'ERROR') {
    const status = (object ?? {}) as StatusBody;
    throw new ApiError(status.code ?? 500, status);
  }
  if (typeof object !== 'object' || object === null || typeof object.metadata !== 'object') {
    throw new BadObjectError(`a watch event of type "${type}" holds no object`);
  }
  return { type, object };
}
