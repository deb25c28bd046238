package main

import (
	"context"
	"fmt"
	"slices"
	"unsafe"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/spanstat"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// engine holds one scenario's policy repository: Cilium's, made anew for each, so that nothing of one scenario is
// left in the next.
type engine struct {
	repository *policy.Repository
	identities identitymanager.IDManager
	ports      types.NamedPortMultiMap
	owners     uint64
}

func newEngine(c *cluster, updates []*policytypes.PolicyUpdate) *engine {
	identities := identitymanager.NewIDManager(quiet)
	e := &engine{
		repository: policy.NewPolicyRepository(quiet, c.identities, secrets{},
			envoypolicy.NewEnvoyL7RulesTranslator(quiet, secrets{}), identities, noMetrics{}),
		identities: identities,
		ports:      c.ports,
	}
	for _, endpoint := range c.endpoints {
		identities.Add(endpoint.identity)
	}
	for _, update := range updates {
		e.repository.ReplaceByResource(update.Rules, update.Resource)
	}
	return e
}

// enforced is what one subject enforces: Cilium's map of its policy, and the default deny that it was made with.
type enforced struct {
	policy  *policy.EndpointPolicy
	verdict podVerdict
}

// resolve computes a subject's policy as an endpoint's regeneration does (pkg/endpoint/policy.go, regeneratePolicy;
// pkg/endpoint/bpf.go, addNewRedirects): selector policy, then redirects, then the distilled map.
func (e *engine) resolve(subject *identity.Identity, ports types.NamedPortMap, isHost bool) (*enforced, error) {
	e.owners++
	owner := &policyOwner{id: e.owners, ingress: ports, egress: e.ports, isHost: isHost}
	selected, _, err := e.repository.GetSelectorPolicy(subject, 0, &stats{}, owner.id)
	if err != nil {
		return nil, err
	}
	distilled := selected.DistillPolicy(quiet, owner, realise(selected, owner))
	if err := distilled.Ready(); err != nil {
		return nil, err
	}
	distilled.Detach(quiet)
	_, _, ingress, egress, _, _ := computePolicyEnforcementAndRules(e.repository, subject)
	return &enforced{policy: distilled, verdict: podVerdict{IngressDefaultDeny: ingress, EgressDefaultDeny: egress}}, nil
}

// computePolicyEnforcementAndRules is Cilium's own resolution of default deny (pkg/policy/repository.go): whether a
// direction is enforced, whether it is under default deny, and the rules, which are of no interest here. The method is
// not exported, and what is exported tells "default deny, but all allowed" from "no default deny" only by the label
// of a rule that a deny may have overwritten.
//
//go:linkname computePolicyEnforcementAndRules github.com/cilium/cilium/pkg/policy.(*Repository).computePolicyEnforcementAndRules
func computePolicyEnforcementAndRules(*policy.Repository, *identity.Identity) (
	hasIngress, hasEgress, hasIngressDefaultDeny, hasEgressDefaultDeny bool, rulesIngress, rulesEgress []unsafe.Pointer)

// allows asks the map as the datapath would.
func (e *enforced) allows(key policy.Key, peer identity.NumericIdentity, q question) bool {
	entry, _, _ := e.policy.Lookup(key.WithIdentity(peer).WithPortProto(q.protocol, q.port))
	return !entry.IsDeny()
}

// realise gives every redirect of the policy a proxy port, as the agent's proxy does, so that a port with an L7 part
// is open (to the proxy). A redirect to a named port that does not resolve is left out, as there. Listeners of
// CiliumEnvoyConfigs are taken to exist.
func realise(selected policy.SelectorPolicy, owner *policyOwner) map[string]uint16 {
	redirects := map[string]uint16{}
	for filter, tuple := range selected.RedirectFilters() {
		port, protocol := filter.Port, filter.U8Proto
		if port == 0 && filter.PortName != "" {
			if port = owner.GetNamedPort(filter.Ingress, filter.PortName, protocol); port == 0 {
				continue
			}
		}
		id := policy.ProxyID(uint16(owner.id), filter.Ingress, string(filter.Protocol), port, tuple.Policy.GetListener())
		if redirects[id] == 0 {
			redirects[id] = uint16(10000 + len(redirects))
		}
	}
	return redirects
}

// question is a port of the scenario in Cilium's terms. For ICMP the type stands in the place of the port, in the
// policy map as in the packet's tuple (bpf/lib/icmp.h under ENABLE_ICMP_RULE).
type question struct {
	port     uint16
	protocol u8proto.U8proto
}

func newQuestion(q query) (question, error) {
	protocol, err := u8proto.ParseProtocol(q.Protocol)
	if err != nil {
		return question{}, err
	}
	known := []u8proto.U8proto{u8proto.TCP, u8proto.UDP, u8proto.SCTP, u8proto.ICMP, u8proto.ICMPv6}
	if !slices.Contains(known, protocol) {
		return question{}, fmt.Errorf("protocol %q is not one of TCP, UDP, SCTP, ICMP, ICMPv6", q.Protocol)
	}
	icmp := protocol == u8proto.ICMP || protocol == u8proto.ICMPv6
	if q.Port == 0 && !icmp {
		return question{}, fmt.Errorf("a query needs a port")
	}
	return question{q.Port, protocol}, nil
}

// policyOwner is the endpoint that a policy is distilled for. Named ports follow pkg/endpoint/policy.go, GetNamedPort:
// at ingress the pod's own, at egress the table of all pods.
type policyOwner struct {
	id      uint64
	ingress types.NamedPortMap
	egress  types.NamedPortMultiMap
	isHost  bool
}

func (o *policyOwner) GetID() uint64                      { return o.id }
func (o *policyOwner) PolicyDebug(string, ...any)         {}
func (o *policyOwner) IsHost() bool                       { return o.isHost }
func (o *policyOwner) PreviousMapState() *policy.MapState { return nil }

func (o *policyOwner) GetNamedPort(ingress bool, name string, protocol u8proto.U8proto) uint16 {
	var port uint16
	if ingress {
		port, _ = o.ingress.GetNamedPort(name, protocol)
	} else {
		port, _ = o.egress.GetNamedPort(name, protocol)
	}
	return port // 0 where it does not resolve
}

func (o *policyOwner) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

// secrets answers every TLS secret: who can reach whom does not depend on what it says.
type secrets struct{}

func (secrets) GetTLSContext(context.Context, *api.TLSContext, string) (ca, public, private string, inline bool, err error) {
	return "ca", "public", "private", true, nil
}
func (secrets) GetSecretString(context.Context, *api.Secret, string) (string, error) {
	return "secret", nil
}
func (secrets) PolicySecretSyncEnabled() bool         { return false }
func (secrets) SecretsOnlyFromSecretsNamespace() bool { return false }
func (secrets) GetSecretSyncNamespace() string        { return "" }

type noMetrics struct{}

func (noMetrics) AddRule(policytypes.PolicyEntry) {}
func (noMetrics) DelRule(policytypes.PolicyEntry) {}

type stats struct{ waiting, calculation spanstat.SpanStat }

func (s *stats) WaitingForPolicyRepository() *spanstat.SpanStat { return &s.waiting }
func (s *stats) SelectorPolicyCalculation() *spanstat.SpanStat  { return &s.calculation }
