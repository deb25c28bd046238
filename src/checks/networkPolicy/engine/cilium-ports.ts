// toPorts and icmps of a Cilium rule: what Cilium's sanitiser refuses in them,
// and the ports that they come to (pkg/policy/api/rule_validation.go, icmp.go, l4.go).

import { RE2JS } from 're2js';
import type { Settings } from './config.ts';
import { isPortName, numbered, type PortSpec, type Protocol } from './ports.ts';
import {
  list,
  object,
  optionalList,
  optionalObject,
  type RawObject,
  text,
  texts,
  wholeNumber,
} from './raw.ts';
import { Refused } from './rules.ts';

const MAX_PORTS = 40;
const TRANSPORT: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** Where the ports stand: this decides what the sanitiser lets pass. */
export interface PortContext {
  readonly settings: Settings;
  readonly ingress: boolean;
  readonly deny: boolean;
  /** The rule is about the node itself. */
  readonly host: boolean;
}

export interface PortPart {
  /** undefined: no ports are named, so all are meant. */
  readonly ports: readonly PortSpec[] | undefined;
  readonly caveats: readonly string[];
}

/** Throws Refused with the sanitiser's reason. */
export function portPart(rule: RawObject, path: string, context: PortContext): PortPart {
  const toPorts = list(rule.toPorts, `${path}.toPorts`).map((item, i) =>
    object(item, `${path}.toPorts[${i}]`),
  );
  const icmps = list(rule.icmps, `${path}.icmps`).map((item, i) => object(item, `${path}.icmps[${i}]`));
  const caveats = new Set<string>();
  if (!context.deny) refuseL7(toPorts, path, context);
  if (icmps.length > 0 && !context.settings.icmpRules) {
    throw new Refused(`${path}.icmps: ICMP rules need enable-icmp-rules in cilium-config`);
  }
  if (icmps.length > 0 && toPorts.length > 0) {
    throw new Refused(`${path}: icmps and toPorts may not stand in one rule; make it two`);
  }
  const specs: PortSpec[] = [];
  for (const [i, portRule] of toPorts.entries()) {
    specs.push(...portRuleSpecs(portRule, `${path}.toPorts[${i}]`, context, caveats));
  }
  for (const [i, icmp] of icmps.entries()) specs.push(...icmpSpecs(icmp, `${path}.icmps[${i}]`));
  return { ports: toPorts.length + icmps.length === 0 ? undefined : specs, caveats: [...caveats] };
}

/** How many L7 rules of each sort; undefined where there are none at all. */
function l7Counts(rules: unknown, path: string) {
  const raw = optionalObject(rules, path);
  if (!raw) return undefined;
  const http = list(raw.http, `${path}.http`);
  const kafka = list(raw.kafka, `${path}.kafka`);
  const dns = list(raw.dns, `${path}.dns`);
  const l7 = list(raw.l7, `${path}.l7`);
  return http.length + kafka.length + dns.length + l7.length === 0
    ? undefined
    : { raw, http, kafka, dns, l7 };
}

function refuseL7(toPorts: readonly RawObject[], path: string, { settings, ingress, host }: PortContext) {
  const sorts = toPorts.map((item, i) => l7Counts(item.rules, `${path}.toPorts[${i}].rules`));
  const present = sorts.filter((counts) => counts !== undefined);
  if (present.length === 0) return;
  if (host && ingress) throw new Refused(`${path}: L7 rules are not supported on host ingress`);
  if (!settings.l7Proxy) throw new Refused(`${path}: L7 rules need enable-l7-proxy in cilium-config`);
  if (ingress && present.some(({ dns }) => dns.length > 0)) {
    throw new Refused(`${path}: L7 protocol DNS is not supported on ingress`);
  }
  if (!ingress && host && present.some(({ http, kafka }) => http.length + kafka.length > 0)) {
    throw new Refused(`${path}: L7 protocols HTTP and Kafka are not supported on host egress`);
  }
}

function portRuleSpecs(
  raw: RawObject,
  path: string,
  context: PortContext,
  caveats: Set<string>,
): readonly PortSpec[] {
  const counts = context.deny ? undefined : l7Counts(raw.rules, `${path}.rules`);
  const dns = (counts?.dns.length ?? 0) > 0;
  if (!context.deny) refuseTls(raw, path, counts !== undefined, caveats);
  const ports = list(raw.ports, `${path}.ports`);
  if (ports.length > MAX_PORTS) throw new Refused(`${path}.ports: too many ports, the most is ${MAX_PORTS}`);
  const specs: PortSpec[] = [];
  let zero = false;
  for (const [i, item] of ports.entries()) {
    const where = `${path}.ports[${i}]`;
    const port = readPort(object(item, where), where, context.settings, dns);
    zero ||= port.zero;
    if (counts && !dns && !(port.protocols.length === 1 && port.protocols[0] === 'TCP')) {
      throw new Refused(
        `${where}: L7 rules can only apply to TCP (not ${port.written}) except for DNS rules`,
      );
    }
    specs.push(
      ...port.specs.map((spec) => {
        const parser = parserOf(raw, counts, spec.protocol);
        return parser === undefined ? spec : { ...spec, parser };
      }),
    );
  }
  if (!context.deny) refuseListener(raw, path, context.ingress, counts !== undefined, caveats);
  if (counts) refuseL7Rules(counts, path, ports.length, zero);
  return specs;
}

/** What looks into layer 7 (pkg/policy/l4.go createL4Filter). */
function parserOf(raw: RawObject, counts: L7 | undefined, protocol: Protocol): string | undefined {
  if (raw.listener) return 'crd';
  if (counts && counts.dns.length > 0) return 'dns';
  if (counts && protocol === 'TCP') {
    if (counts.http.length > 0) return 'http';
    if (counts.kafka.length > 0) return 'kafka';
    if (typeof counts.raw.l7proto === 'string' && counts.raw.l7proto !== '') return counts.raw.l7proto;
  }
  const names = Array.isArray(raw.serverNames) && raw.serverNames.length > 0;
  return raw.terminatingTLS || raw.originatingTLS || names ? 'tls' : undefined;
}

function refuseTls(raw: RawObject, path: string, hasL7: boolean, caveats: Set<string>) {
  const serverNames = texts(raw.serverNames, `${path}.serverNames`);
  const terminating = optionalObject(raw.terminatingTLS, `${path}.terminatingTLS`);
  const originating = optionalObject(raw.originatingTLS, `${path}.originatingTLS`);
  if (serverNames.length > 0 && hasL7 && !terminating) {
    throw new Refused(`${path}: serverNames are not allowed with L7 rules without TLS termination`);
  }
  if (serverNames.includes('')) throw new Refused(`${path}.serverNames: an empty server name is not allowed`);
  if (terminating) caveats.add(`${path}.terminatingTLS (Cilium must be able to read its secret)`);
  if (originating) caveats.add(`${path}.originatingTLS (Cilium must be able to read its secret)`);
}

function refuseListener(
  raw: RawObject,
  path: string,
  ingress: boolean,
  hasL7: boolean,
  caveats: Set<string>,
) {
  const listener = optionalObject(raw.listener, `${path}.listener`);
  if (!listener) return;
  const name = text(listener.name, `${path}.listener.name`);
  if (ingress) throw new Refused(`${path}: listener is not allowed on ingress (${name})`);
  if (hasL7) throw new Refused(`${path}: listener is not allowed with L7 rules (${name})`);
  caveats.add(`${path}.listener (an Envoy listener, "${name}", decides what passes)`);
}

interface ReadPort {
  readonly specs: readonly PortSpec[];
  readonly protocols: readonly Protocol[];
  readonly written: string;
  readonly zero: boolean;
}

function readPort(raw: RawObject, path: string, settings: Settings, dns: boolean): ReadPort {
  const port = text(raw.port, `${path}.port`);
  const end = wholeNumber(raw.endPort, `${path}.endPort`);
  const written = text(raw.protocol, `${path}.protocol`).toUpperCase() || 'ANY';
  if (port === '' && !settings.extendedProtocols) throw new Refused(`${path}: port must be specified`);
  const named = isPortName(port);
  let number = 0;
  if (!named && port !== '') {
    if (port !== '0' && (written === 'VRRP' || written === 'IGMP')) {
      throw new Refused(`${path}: port must be empty or 0 for ${written}`);
    }
    number = portNumber(port, path);
    if (dns && end > number) throw new Refused(`${path}: DNS rules do not support port ranges`);
  }
  const protocols = protocolsOf(written, path);
  const specs = protocols.map(
    (protocol): PortSpec =>
      named
        ? { protocol, name: port.toLowerCase(), end: end & 0xffff }
        : numbered(protocol, number, end & 0xffff),
  );
  return { specs, protocols, written, zero: !named && port !== '' && number === 0 };
}

function protocolsOf(written: string, path: string): readonly Protocol[] {
  switch (written) {
    case 'ANY':
      return TRANSPORT;
    case 'TCP':
    case 'UDP':
    case 'SCTP':
    case 'VRRP':
    case 'IGMP':
      return [written];
    default:
      throw new Refused(`${path}: invalid protocol "${written}"`);
  }
}

/** Go's strconv.ParseUint(port, 0, 16): a leading 0 is octal. */
export function portNumber(port: string, path: string): number {
  const digits = /^[0-9]+$/.test(port) ? port : '';
  const octal = digits.length > 1 && digits.startsWith('0');
  const number = octal ? (/^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : NaN) : Number(digits || NaN);
  if (!(number <= 65535))
    throw new Refused(`${path}: unable to parse port "${port}": not a port of 0 to 65535`);
  return number;
}

const DNS_NAME = /^[-a-zA-Z0-9_.]+$/;
const DNS_PATTERN = /^[-a-zA-Z0-9_.*]+$/;

/** matchName and matchPattern, of toFQDNs and of DNS rules alike. */
export function refuseDnsName(raw: RawObject, path: string) {
  const name = text(raw.matchName, `${path}.matchName`);
  const pattern = text(raw.matchPattern, `${path}.matchPattern`);
  if (name !== '' && !DNS_NAME.test(name))
    throw new Refused(`${path}: invalid characters in matchName "${name}"`);
  if (pattern.trim().length > 255) throw new Refused(`${path}: matchPattern is longer than 255 characters`);
  if (pattern !== '' && !DNS_PATTERN.test(pattern)) {
    throw new Refused(`${path}: invalid characters in matchPattern "${pattern}"`);
  }
}

type L7 = NonNullable<ReturnType<typeof l7Counts>>;

function refuseL7Rules({ raw, http, kafka, dns, l7 }: L7, path: string, ports: number, zero: boolean) {
  if (zero) throw new Refused(`${path}: L7 rules can not be used when a port is 0`);
  const rules = `${path}.rules`;
  for (const [i, item] of http.entries())
    refuseHttp(object(item, `${rules}.http[${i}]`), `${rules}.http[${i}]`);
  for (const [i, item] of kafka.entries())
    refuseKafka(object(item, `${rules}.kafka[${i}]`), `${rules}.kafka[${i}]`);
  const proto = text(raw.l7proto, `${rules}.l7proto`);
  const kinds = [
    optionalList(raw.http, rules) !== undefined,
    optionalList(raw.kafka, rules) !== undefined,
    optionalList(raw.dns, rules) !== undefined,
    proto !== '',
  ];
  if (optionalList(raw.dns, rules) !== undefined && ports === 0) {
    throw new Refused(`${path}: port 53 must be specified for DNS rules`);
  }
  for (const [i, item] of dns.entries())
    refuseDnsName(object(item, `${rules}.dns[${i}]`), `${rules}.dns[${i}]`);
  if (optionalList(raw.l7, rules) !== undefined && proto === '') {
    throw new Refused(`${rules}: 'l7' may only be specified when a 'l7proto' is also specified`);
  }
  for (const [i, item] of l7.entries()) {
    if ('' in object(item, `${rules}.l7[${i}]`))
      throw new Refused(`${rules}.l7[${i}]: empty key not allowed`);
  }
  if (kinds.filter(Boolean).length > 1) {
    throw new Refused(`${rules}: multiple L7 protocol rule types specified in single rule`);
  }
}

function refuseHttp(raw: RawObject, path: string) {
  for (const field of ['path', 'method']) {
    const pattern = text(raw[field], `${path}.${field}`);
    if (pattern !== '' && !compiles(pattern))
      throw new Refused(`${path}.${field}: "${pattern}" is no valid regexp`);
  }
  for (const [i, item] of list(raw.headerMatches, `${path}.headerMatches`).entries()) {
    const where = `${path}.headerMatches[${i}]`;
    const header = object(item, where);
    const mismatch = text(header.mismatch, `${where}.mismatch`);
    const secret = optionalObject(header.secret, `${where}.secret`);
    if (text(header.name, `${where}.name`) === '') throw new Refused(`${where}: header name missing`);
    if (!['', 'LOG', 'ADD', 'DELETE', 'REPLACE'].includes(mismatch)) {
      throw new Refused(`${where}: invalid header action ${mismatch}`);
    }
    if (secret && text(secret.name, `${where}.secret.name`) === '') {
      throw new Refused(`${where}: secret name missing`);
    }
  }
}

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

// github.com/cilium/proxy/pkg/policy/api/kafka: the names of the Kafka API.
const KAFKA_KEYS = new Set(
  (
    'produce fetch offsets metadata leaderandisr stopreplica updatemetadata controlledshutdown offsetcommit ' +
    'offsetfetch findcoordinator joingroup heartbeat leavegroup syncgroup describegroups listgroups saslhandshake ' +
    'apiversions createtopics deletetopics deleterecords initproducerid offsetforleaderepoch addpartitionstotxn ' +
    'addoffsetstotxn endtxn writetxnmarkers txnoffsetcommit describeacls createacls deleteacls describeconfigs ' +
    'alterconfigs'
  ).split(' '),
);

function refuseKafka(raw: RawObject, path: string) {
  const key = text(raw.apiKey, `${path}.apiKey`);
  const role = text(raw.role, `${path}.role`);
  const version = text(raw.apiVersion, `${path}.apiVersion`);
  const topic = text(raw.topic, `${path}.topic`);
  if (role !== '' && key !== '') throw new Refused(`${path}: role and apiKey may not stand together`);
  if (key !== '' && !KAFKA_KEYS.has(key.toLowerCase()))
    throw new Refused(`${path}: invalid Kafka apiKey "${key}"`);
  if (role !== '' && !['produce', 'consume'].includes(role.toLowerCase())) {
    throw new Refused(`${path}: invalid Kafka role "${role}"`);
  }
  if (version !== '' && !(/^\+?[0-9]+$/.test(version) && Number(version) <= 32767)) {
    throw new Refused(`${path}: invalid Kafka apiVersion "${version}"`);
  }
  if (topic.length > 255 || (topic !== '' && !/^[a-zA-Z0-9._-]+$/.test(topic))) {
    throw new Refused(`${path}: invalid Kafka topic "${topic}"`);
  }
}

const ICMP_V4: Readonly<Record<string, number>> = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  Redirect: 5,
  Echo: 8,
  EchoRequest: 8,
  RouterAdvertisement: 9,
  RouterSelection: 10,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
  Photuris: 40,
  ExtendedEchoRequest: 42,
  ExtendedEchoReply: 43,
};

const ICMP_V6: Readonly<Record<string, number>> = {
  DestinationUnreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  EchoRequest: 128,
  EchoReply: 129,
  MulticastListenerQuery: 130,
  MulticastListenerReport: 131,
  MulticastListenerDone: 132,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighborSolicitation: 135,
  NeighborAdvertisement: 136,
  RedirectMessage: 137,
  RouterRenumbering: 138,
  ICMPNodeInformationQuery: 139,
  ICMPNodeInformationResponse: 140,
  InverseNeighborDiscoverySolicitation: 141,
  InverseNeighborDiscoveryAdvertisement: 142,
  HomeAgentAddressDiscoveryRequest: 144,
  HomeAgentAddressDiscoveryReply: 145,
  MobilePrefixSolicitation: 146,
  MobilePrefixAdvertisement: 147,
  DuplicateAddressRequestCodeSuffix: 157,
  DuplicateAddressConfirmationCodeSuffix: 158,
  ExtendedEchoRequest: 160,
  ExtendedEchoReply: 161,
};

/** Type 0 is port 0, which is every type: so it is with Cilium too. */
function icmpSpecs(raw: RawObject, path: string): readonly PortSpec[] {
  const fields = list(raw.fields, `${path}.fields`);
  if (fields.length > MAX_PORTS)
    throw new Refused(`${path}.fields: too many types, the most is ${MAX_PORTS}`);
  return fields.map((item, i) => {
    const where = `${path}.fields[${i}]`;
    const field = object(item, where);
    const family = text(field.family, `${where}.family`);
    if (!['', 'IPv4', 'IPv6'].includes(family)) throw new Refused(`${where}: wrong family "${family}"`);
    const names = family === 'IPv6' ? ICMP_V6 : ICMP_V4;
    const type = field.type;
    const code = typeof type === 'number' ? type : (names[String(type)] ?? Number(type || NaN));
    if (!Number.isInteger(code)) throw new Refused(`${where}: ICMP type "${String(type)}" is not known`);
    // A number that is no type is stored and taken all the same: it is then a type that no message has.
    return numbered(family === 'IPv6' ? 'ICMPV6' : 'ICMP', code < 0 ? 0 : Math.min(code, 65535), 0);
  });
}
