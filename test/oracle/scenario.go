package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The shapes of scenario.ts; see there for what each field means.

type scenario struct {
	Namespaces []namespace       `json:"namespaces"`
	Pods       []pod             `json:"pods"`
	Policies   []json.RawMessage `json:"policies"`
	Config     map[string]string `json:"config"`
	Services   []json.RawMessage `json:"services"`
	Nodes      []node            `json:"nodes"`
	Addresses  []address         `json:"addresses"`
	Queries    []query           `json:"queries"`
}

type namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

type pod struct {
	Namespace      string            `json:"namespace"`
	Name           string            `json:"name"`
	Labels         map[string]string `json:"labels"`
	ServiceAccount string            `json:"serviceAccount"`
	Ports          []containerPort   `json:"ports"`
	HostNetwork    bool              `json:"hostNetwork"`
	Node           string            `json:"node"`
}

type containerPort struct {
	Name          string `json:"name"`
	ContainerPort int    `json:"containerPort"`
	Protocol      string `json:"protocol"`
}

type node struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

type address struct {
	IP    string   `json:"ip"`
	Names []string `json:"names"`
}

type query struct {
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
}

type answer struct {
	Invalid    []invalidObject       `json:"invalid"`
	Unresolved map[string]string     `json:"unresolved,omitempty"`
	Pods       map[string]podVerdict `json:"pods"`
	Flows      []flow                `json:"flows"`
}

type failure struct {
	Error string `json:"error"`
}

type invalidObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Error     string `json:"error"`
}

type podVerdict struct {
	IngressDefaultDeny bool `json:"ingressDefaultDeny"`
	EgressDefaultDeny  bool `json:"egressDefaultDeny"`
}

type flow struct {
	Src      string `json:"src"`
	Dst      string `json:"dst"`
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
	Egress   string `json:"egress"`
	Ingress  string `json:"ingress"`
}

// defaultNode is where a pod runs that names no node.
const defaultNode = "node"

// readScenario decodes one line and fills the defaults. A field that scenario.ts does not have is an error, so that a
// typing error in a test is seen.
func readScenario(line []byte) (*scenario, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	var s scenario
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("reading the scenario: %w", err)
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Namespace == "" || p.Name == "" {
			return nil, fmt.Errorf("pods[%d] needs a namespace and a name", i)
		}
		if p.ServiceAccount == "" {
			p.ServiceAccount = "default" // ServiceAccount admission does so
		}
		if p.Node == "" {
			p.Node = defaultNode
		}
	}
	return &s, nil
}

func (p *pod) key() string { return p.Namespace + "/" + p.Name }
