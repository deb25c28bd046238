// From the matrix to its picture: what is drawn, and in which words.

import { count } from '../../checks/shared/messages.ts';
import type { Flow } from '../../report/reach/arrows.ts';
import { reachDot } from '../../report/reach/dot.ts';
import type { ReachEnd, ReachPair } from '../../report/reach/index.ts';
import { type PictureOptions, pictureOf } from '../../report/reach/picture.ts';
import { reachSvg } from '../../report/reach/svg.ts';
import type { End, Ends } from './ends.ts';
import { flowOf } from './matrix.ts';
import type { PortQuery } from './peers.ts';
import { whyText } from './why.ts';

export interface DrawOptions {
  readonly format: 'svg' | 'dot';
  readonly fold: PictureOptions['fold'];
  readonly ports: readonly PortQuery[] | undefined;
  readonly namespace: string | undefined;
  /** Were the ends of flows chosen? */
  readonly from: boolean;
  readonly to: boolean;
}

export async function drawReach(
  { ends, sides }: Ends,
  pairs: Iterable<ReachPair>,
  { format, fold, ports, namespace, from, to }: DrawOptions,
): Promise<string> {
  const behind = new Map<ReachEnd, End>(ends.map((end) => [end.shown, end]));
  const verdicts = ({ src, dst, answer }: Flow) => {
    const [source, target] = [behind.get(src), behind.get(dst)];
    const query = target?.unit.ports.find(
      ({ port, protocol }) => port === answer.port && protocol === answer.protocol,
    );
    return source && target && query ? flowOf(sides, source, target, query) : undefined;
  };
  const pods = ends.reduce(
    (sum, { shown }) => sum + (!namespace || shown.namespace === namespace ? shown.pods : 0),
    0,
  );
  const asked = ports
    ? `on ${ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ')}`
    : 'on the ports that each destination declares';
  const picture = pictureOf(
    ends.map(({ shown }) => shown),
    pairs,
    {
      title: `Who can reach whom${namespace ? ` in and out of ${namespace}` : ''}`,
      subtitle: `${count(pods, 'pod')}${fold === 'none' ? '' : `, folded by ${fold}`}, ${asked}`,
      fold,
      focus: namespace,
      chosen: from || to,
      anyone: !from,
      implied: (flow) => {
        const found = verdicts(flow);
        return found?.ingress.because.kind === 'local-host' || found?.egress.because.kind === 'local-host';
      },
      reasons: (flow) => {
        const found = verdicts(flow);
        return found
          ? {
              egress: whyText(found.egress, 'egress', flow.src),
              ingress: whyText(found.ingress, 'ingress', flow.dst),
            }
          : { egress: '', ingress: '' };
      },
    },
  );
  return format === 'svg' ? reachSvg(picture) : reachDot(picture);
}
