package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
)

// The entities of the matrix; scenario.ts lists the same.
const (
	entityWorld         = "world"
	entityHost          = "host"
	entityRemoteNode    = "remote-node"
	entityKubeAPIServer = "kube-apiserver"
)

// judge answers one scenario. Cilium's configuration is global, so scenarios are judged one after the other.
func judge(s *scenario) (*answer, error) {
	policyConfig, err := configure(s.Config)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	questions := make([]question, 0, len(s.Queries))
	for i, q := range s.Queries {
		asked, err := newQuestion(q)
		if err != nil {
			return nil, fmt.Errorf("queries[%d]: %w", i, err)
		}
		questions = append(questions, asked)
	}
	c, err := newCluster(s)
	if err != nil {
		return nil, err
	}
	imported, err := importPolicies(s, policyConfig)
	if err != nil {
		return nil, err
	}
	if err := c.addAddresses(s.Addresses, imported); err != nil {
		return nil, err
	}
	m := &matrix{scenario: s, cluster: c, questions: questions, subjects: map[string]*enforced{}}
	a := &answer{Invalid: imported.invalid, Unresolved: map[string]string{}, Pods: map[string]podVerdict{}, Flows: []flow{}}
	if a.Invalid == nil {
		a.Invalid = []invalidObject{}
	}
	m.resolve(newEngine(c, imported.updates), a)
	m.flows(a)
	return a, nil
}

// matrix asks every peer about every other.
type matrix struct {
	scenario  *scenario
	cluster   *cluster
	questions []question
	// subjects by name: pods by "namespace/name", the host endpoints of nodes by "node:name".
	subjects map[string]*enforced
}

// resolve computes the policy of every endpoint, and of every node that a pod runs on under the host firewall.
// A subject whose policy Cilium fails to compute (L7 rules that cannot be merged) keeps in life what it had before:
// it is named in the answer and left out of the flows.
func (m *matrix) resolve(e *engine, a *answer) {
	for _, key := range slices.Sorted(maps.Keys(m.cluster.endpoints)) {
		endpoint := m.cluster.endpoints[key]
		enforced, err := e.resolve(endpoint.identity, endpoint.ports, false)
		if err != nil {
			a.Unresolved[key] = err.Error()
			continue
		}
		m.subjects[key] = enforced
		verdict := enforced.verdict
		if option.Config.PolicyAuditMode {
			verdict = podVerdict{} // nothing is denied, by default or otherwise
		}
		a.Pods[key] = verdict
	}
	if !option.Config.EnableHostFirewall {
		return
	}
	for _, name := range m.nodeNames() {
		host := hostIdentity(m.nodeLabels(name))
		e.identities.Add(host) // one at a time: every node's host has the same reserved number
		enforced, err := e.resolve(host, nil, true)
		e.identities.Remove(host)
		if err != nil {
			a.Unresolved["node:"+name] = err.Error()
			continue
		}
		m.subjects["node:"+name] = enforced
	}
}

func (m *matrix) nodeNames() []string {
	names := map[string]bool{}
	for _, p := range m.scenario.Pods {
		names[p.Node] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (m *matrix) nodeLabels(name string) map[string]string {
	for _, n := range m.scenario.Nodes {
		if n.Name == name {
			return n.Labels
		}
	}
	return nil
}

// peer is the other side as a pod sees it.
type peer struct {
	name     string
	identity identity.NumericIdentity
	// subject is the key of its own policy in matrix.subjects; empty where it enforces none.
	subject string
}

// peersOf lists everyone but the pod itself, as seen from its node: another pod's endpoint, a pod on the host's
// network as its node (which is `host` on the same node and `remote-node` on another), the entities, the addresses.
func (m *matrix) peersOf(p *pod) []peer {
	var peers []peer
	for i := range m.scenario.Pods {
		other := &m.scenario.Pods[i]
		switch {
		case other == p:
		case !other.HostNetwork:
			peers = append(peers, peer{other.key(), m.cluster.endpoints[other.key()].identity.ID, other.key()})
		case other.Node == p.Node:
			peers = append(peers, peer{other.key(), identity.ReservedIdentityHost, "node:" + other.Node})
		default:
			peers = append(peers, peer{other.key(), identity.ReservedIdentityRemoteNode, "node:" + other.Node})
		}
	}
	peers = append(peers,
		peer{entityWorld, world().ID, ""},
		peer{entityHost, identity.ReservedIdentityHost, "node:" + p.Node},
		peer{entityRemoteNode, identity.ReservedIdentityRemoteNode, ""},
		peer{entityKubeAPIServer, identity.ReservedIdentityKubeAPIServer, ""},
	)
	for _, a := range m.scenario.Addresses {
		peers = append(peers, peer{a.IP, m.cluster.addresses[a.IP].ID, ""})
	}
	return peers
}

// flows fills the answer, pair by pair in the order of the scenario. A pair of two endpoints appears once in each
// direction although both list the other.
func (m *matrix) flows(a *answer) {
	for i := range m.scenario.Pods {
		p := &m.scenario.Pods[i]
		if p.HostNetwork {
			continue
		}
		self := peer{p.key(), m.cluster.endpoints[p.key()].identity.ID, p.key()}
		for _, other := range m.peersOf(p) {
			m.ask(self, other, a)
			if _, endpoint := m.cluster.endpoints[other.name]; !endpoint {
				m.ask(other, self, a)
			}
		}
	}
}

// ask takes down one pair. Between two nodes each sees the other's host as a remote node; a host endpoint is a
// subject under the host firewall only, and meets the pod by the pod's identity.
func (m *matrix) ask(src, dst peer, a *answer) {
	for i, q := range m.questions {
		egress, known := m.permits(src, dst, policy.EgressKey(), q)
		ingress, alsoKnown := m.permits(dst, src, policy.IngressKey(), q)
		if !known || !alsoKnown {
			return
		}
		asked := m.scenario.Queries[i]
		a.Flows = append(a.Flows, flow{src.name, dst.name, asked.Port, asked.Protocol, egress, ingress})
	}
}

// permits says what subject's own policy says about the peer. Under policy audit mode the datapath logs what it would
// deny and lets it pass (bpf/lib/policy.h, policy_verdict_filter_allow and POLICY_AUDIT_MODE).
func (m *matrix) permits(subject, other peer, key policy.Key, q question) (decision string, known bool) {
	enforced, found := m.subjects[subject.subject]
	if !found {
		isEndpoint := subject.subject != "" && m.cluster.endpoints[subject.subject] != nil
		return "allow", !isEndpoint
	}
	if option.Config.PolicyAuditMode || enforced.allows(key, other.identity, q) {
		return "allow", true
	}
	return "deny", true
}
