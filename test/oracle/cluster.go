package main

import (
	"fmt"
	"net/netip"
	"sort"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/dns"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/ipcache"
	"github.com/cilium/cilium/pkg/k8s"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/types"
)

// metadataName is the label that the API server puts on every namespace.
const metadataName = "kubernetes.io/metadata.name"

// endpoint is a pod with an identity and policies of its own.
type endpoint struct {
	pod      *pod
	identity *identity.Identity
	// ports are the pod's own named ports: they resolve names at ingress.
	ports types.NamedPortMap
}

// cluster is what the agent knows beside policies: identities and named ports.
type cluster struct {
	endpoints map[string]*endpoint
	// identities by number, as the selector cache starts with them.
	identities identity.IdentityMap
	// ports is the agent's one table of all pods' named ports: it resolves names at egress.
	ports types.NamedPortMultiMap
	// addresses by their text.
	addresses map[string]*identity.Identity
}

// GetName and GetLabels make namespace what k8s.GetPodMetadata asks for.
func (n namespace) GetName() string              { return n.Name }
func (n namespace) GetLabels() map[string]string { return n.Labels }

// newCluster gives every pod its identity. Which labels a pod has and which of them count are Cilium's own functions;
// the numbers are free.
func newCluster(s *scenario) (*cluster, error) {
	namespaces := map[string]namespace{}
	for _, n := range s.Namespaces {
		namespaces[n.Name] = withMetadataName(n)
	}
	c := &cluster{
		endpoints:  map[string]*endpoint{},
		identities: identity.ListReservedIdentities(),
		addresses:  map[string]*identity.Identity{},
	}
	all := types.NewNamedPortMultiMap()
	byLabels := map[string]*identity.Identity{}
	next := identity.MinimalNumericIdentity
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.HostNetwork {
			continue // pkg/k8s/watchers/pod.go, updatePodHostData: no identity, and its port names are not in the table
		}
		if _, taken := c.endpoints[p.key()]; taken {
			return nil, fmt.Errorf("two pods are called %s", p.key())
		}
		n, known := namespaces[p.Namespace]
		if !known {
			n = withMetadataName(namespace{Name: p.Namespace})
		}
		ports, lbls := identityOf(p, n)
		key := string(lbls.SortedList())
		id, known := byLabels[key]
		if !known {
			id = identity.NewIdentity(next, lbls)
			next++
			byLabels[key] = id
			c.identities[id.ID] = id.LabelArray
		}
		c.endpoints[p.key()] = &endpoint{pod: p, identity: id, ports: ports}
		all.Update(nil, ports)
	}
	c.ports = all
	return c, nil
}

func withMetadataName(n namespace) namespace {
	lbls := map[string]string{metadataName: n.Name}
	for key, value := range n.Labels {
		lbls[key] = value
	}
	return namespace{Name: n.Name, Labels: lbls}
}

// identityOf follows pkg/endpoint/metadata/k8s_metadatafetcher.go, FetchK8sMetadataForEndpointFromPod, and
// pkg/endpoint/endpoint.go, SetK8sMetadata.
func identityOf(p *pod, n namespace) (types.NamedPortMap, labels.Labels) {
	object := &slim_corev1.Pod{
		ObjectMeta: slim_metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels},
		Spec: slim_corev1.PodSpec{
			ServiceAccountName: p.ServiceAccount,
			Containers:         []slim_corev1.Container{{Ports: containerPorts(p)}},
		},
	}
	containerPorts, podLabels := k8s.GetPodMetadata(quiet, n, object)
	identityLabels, _ := labelsfilter.Filter(labels.Map2Labels(podLabels, labels.LabelSourceK8s))
	ports := types.NamedPortMap{}
	for _, port := range containerPorts {
		if port.Name == "" {
			continue
		}
		if err := ports.AddPort(port.Name, int(port.ContainerPort), string(port.Protocol)); err != nil {
			continue // the agent logs it and goes on
		}
	}
	return ports, identityLabels
}

func containerPorts(p *pod) []slim_corev1.ContainerPort {
	ports := make([]slim_corev1.ContainerPort, 0, len(p.Ports))
	for _, port := range p.Ports {
		ports = append(ports, slim_corev1.ContainerPort{
			Name:          port.Name,
			ContainerPort: int32(port.ContainerPort),
			Protocol:      slim_corev1.Protocol(port.Protocol),
		})
	}
	return ports
}

// hostIdentity is the host endpoint of a node: pkg/endpoint/endpoint.go, InitWithNodeLabels.
func hostIdentity(nodeLabels map[string]string) *identity.Identity {
	lbls := labels.Labels{}
	lbls.MergeLabels(labels.LabelHost)
	filtered, _ := labelsfilter.Filter(labels.Map2Labels(nodeLabels, labels.LabelSourceK8s))
	lbls.MergeLabels(filtered)
	return identity.NewIdentity(identity.ReservedIdentityHost, lbls)
}

// world is the identity of an address that no policy and no DNS answer knows, of the family that is enabled
// (IPv4 where both are).
func world() *identity.Identity {
	switch {
	case option.Config.EnableIPv4 && option.Config.EnableIPv6:
		return identity.LookupReservedIdentity(identity.ReservedIdentityWorldIPv4)
	default:
		return identity.LookupReservedIdentity(identity.ReservedIdentityWorld)
	}
}

// addAddresses gives every address of the scenario an identity: the label of the address itself, from which every
// CIDR selector matches as from the longest prefix that some policy names (so the ipcache would have it); of the CIDR
// groups that contain it (pkg/policy/k8s/cilium_cidr_group.go); and of the FQDN selectors that match a name which
// led to it (pkg/fqdn/namemanager/manager.go, deriveLabelsForName).
func (c *cluster) addAddresses(addresses []address, imported *imported) error {
	selectors := fqdnSelectors(imported.updates)
	next := identity.MinLocalIdentity
	for _, a := range addresses {
		ip, err := netip.ParseAddr(a.IP)
		if err != nil {
			return fmt.Errorf("addresses: %w", err)
		}
		lbls := labels.GetCIDRLabels(netip.PrefixFrom(ip, ip.BitLen()))
		for _, update := range imported.groupPrefixes {
			if update.Prefix.AsPrefix().Contains(ip) {
				addMetadata(lbls, update)
			}
		}
		for _, name := range a.Names {
			for _, selector := range selectors {
				fqdn, _ := selector.GetFQDNSelector()
				regex, err := fqdn.ToRegex()
				if err != nil {
					return fmt.Errorf("FQDN selector %s: %w", selector.Key(), err)
				}
				if regex.MatchString(strings.ToLower(dns.FQDN(name))) {
					label := fqdn.IdentityLabel()
					lbls[label.Key] = label
				}
			}
		}
		id := identity.NewIdentity(next, lbls)
		next++
		c.identities[id.ID] = id.LabelArray
		c.addresses[a.IP] = id
	}
	return nil
}

func addMetadata(lbls labels.Labels, update ipcache.MU) {
	for _, metadata := range update.Metadata {
		if more, ok := metadata.(labels.Labels); ok {
			lbls.MergeLabels(more)
		}
	}
}

func fqdnSelectors(updates []*policytypes.PolicyUpdate) []policytypes.Selector {
	found := map[string]policytypes.Selector{}
	for _, update := range updates {
		for _, entry := range update.Rules {
			for _, selector := range entry.L3 {
				if _, ok := selector.GetFQDNSelector(); ok {
					found[selector.Key()] = selector
				}
			}
		}
	}
	keys := make([]string, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	selectors := make([]policytypes.Selector, 0, len(keys))
	for _, key := range keys {
		selectors = append(selectors, found[key])
	}
	return selectors
}
