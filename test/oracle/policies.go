package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sort"
	"sync"
	"time"

	"github.com/cilium/hive"
	"github.com/cilium/hive/cell"
	"github.com/cilium/statedb"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/ipcache"
	ipcacheTypes "github.com/cilium/cilium/pkg/ipcache/types"
	cilium_v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/k8s/client"
	"github.com/cilium/cilium/pkg/k8s/resource"
	slim_corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	slim_networking_v1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/k8s/synced"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/option"
	policycell "github.com/cilium/cilium/pkg/policy/cell"
	policyk8s "github.com/cilium/cilium/pkg/policy/k8s"
	policytypes "github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/source"
)

// importTimeout is far beyond what an import takes; past it something is stuck, and the answer says so.
const importTimeout = 30 * time.Second

// imported is what the agent's policy watcher made of the objects.
type imported struct {
	updates       []*policytypes.PolicyUpdate
	groupPrefixes []ipcache.MU
	invalid       []invalidObject
}

// objects are the scenario's policies by kind, decoded as the agent's clients decode them.
type objects struct {
	cnps     []*cilium_v2.CiliumNetworkPolicy
	ccnps    []*cilium_v2.CiliumClusterwideNetworkPolicy
	groups   []*cilium_v2.CiliumCIDRGroup
	policies []*slim_networking_v1.NetworkPolicy
}

// importPolicies runs the agent's own policy watcher (pkg/policy/k8s, its Cell) over the objects, with this program
// in the place of the API server, the service tables and the policy importer. So sanitising, namespace injection,
// derivative policies, toServices and the reading of NetworkPolicy are all Cilium's.
func importPolicies(s *scenario, policyConfig cmtypes.PolicyConfig) (*imported, error) {
	collector := &collector{}
	decoded, err := decode(s.Policies, collector)
	if err != nil {
		return nil, err
	}
	db, services, backends, err := serviceTables(s.Services)
	if err != nil {
		return nil, err
	}
	cnps := newSource("CiliumNetworkPolicy", decoded.cnps, collector)
	ccnps := newSource("CiliumClusterwideNetworkPolicy", decoded.ccnps, collector)
	groups := newSource("CiliumCIDRGroup", decoded.groups, collector)
	policies := newSource("NetworkPolicy", decoded.policies, collector)

	watcher := hive.NewWithOptions(hive.DefaultOptions(),
		cell.Provide(
			func() client.Clientset { return enabledClientset{} },
			func() *option.DaemonConfig { return option.Config },
			func() cmtypes.PolicyConfig { return policyConfig },
			func() *statedb.DB { return db },
			func() statedb.Table[*loadbalancer.Service] { return services },
			func() statedb.Table[*loadbalancer.Backend] { return backends },
			func() policycell.IPCacher { return collector },
			func() policycell.PolicyImporter { return collector },
			func() policyk8s.CNPMetrics { return policyk8s.NewCNPMetricsNoop() },
			func() resource.Resource[*cilium_v2.CiliumNetworkPolicy] { return cnps },
			func() resource.Resource[*cilium_v2.CiliumClusterwideNetworkPolicy] { return ccnps },
			func() resource.Resource[*cilium_v2.CiliumCIDRGroup] { return groups },
			func() resource.Resource[*slim_networking_v1.NetworkPolicy] { return policies },
		),
		synced.Cell,
		policyk8s.Cell,
	)
	ctx, cancel := context.WithTimeout(context.Background(), importTimeout)
	defer cancel()
	if err := watcher.Start(quiet, ctx); err != nil {
		return nil, fmt.Errorf("starting Cilium's policy watcher: %w", err)
	}
	for _, source := range []interface{ wait(context.Context) error }{cnps, ccnps, groups, policies} {
		if err := source.wait(ctx); err != nil {
			return nil, fmt.Errorf("importing policies: %w", err)
		}
	}
	if err := watcher.Stop(quiet, ctx); err != nil {
		return nil, fmt.Errorf("stopping Cilium's policy watcher: %w", err)
	}
	return collector.finish(), nil
}

// decode reads the objects as the agent's clients do: unknown fields are dropped, a field of the wrong type refuses
// the object.
func decode(raw []json.RawMessage, c *collector) (*objects, error) {
	var o objects
	for i, data := range raw {
		var head struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(data, &head); err != nil {
			return nil, fmt.Errorf("policies[%d]: %w", i, err)
		}
		var err error
		switch head.Kind {
		case "CiliumNetworkPolicy":
			object := &cilium_v2.CiliumNetworkPolicy{}
			if err = json.Unmarshal(data, object); err == nil {
				object.Namespace = orDefault(object.Namespace)
				o.cnps = append(o.cnps, object)
			}
		case "CiliumClusterwideNetworkPolicy":
			object := &cilium_v2.CiliumClusterwideNetworkPolicy{}
			if err = json.Unmarshal(data, object); err == nil {
				o.ccnps = append(o.ccnps, object)
			}
		case "CiliumCIDRGroup":
			object := &cilium_v2.CiliumCIDRGroup{}
			if err = json.Unmarshal(data, object); err == nil {
				o.groups = append(o.groups, object)
			}
		case "NetworkPolicy":
			object := &slim_networking_v1.NetworkPolicy{}
			if err = json.Unmarshal(data, object); err == nil {
				object.Namespace = orDefault(object.Namespace)
				o.policies = append(o.policies, object)
			}
		default:
			return nil, fmt.Errorf("policies[%d]: kind %q is not one of CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, CiliumCIDRGroup, NetworkPolicy", i, head.Kind)
		}
		if err != nil && isWatched(head.Kind) {
			c.refuse(invalidObject{head.Kind, head.Metadata.Namespace, head.Metadata.Name, err.Error()})
		}
	}
	return &o, nil
}

// isWatched says whether the agent looks at a kind at all (pkg/policy/k8s/watcher.go).
func isWatched(kind string) bool {
	switch kind {
	case "NetworkPolicy":
		return option.Config.EnableK8sNetworkPolicy
	case "CiliumNetworkPolicy":
		return option.Config.EnableCiliumNetworkPolicy
	case "CiliumClusterwideNetworkPolicy":
		return option.Config.EnableCiliumClusterwideNetworkPolicy
	default:
		return option.Config.EnableCiliumNetworkPolicy || option.Config.EnableCiliumClusterwideNetworkPolicy
	}
}

func orDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}

// serviceTables fills the tables that toServices is resolved from (pkg/policy/k8s/service.go reads name, labels and
// selector of a service and the addresses of its backends). The agent fills them from the same objects in
// pkg/loadbalancer/reflectors.
func serviceTables(raw []json.RawMessage) (*statedb.DB, statedb.RWTable[*loadbalancer.Service], statedb.RWTable[*loadbalancer.Backend], error) {
	db := statedb.New()
	services, err := loadbalancer.NewServicesTable(loadbalancer.DefaultConfig, db)
	if err != nil {
		return nil, nil, nil, err
	}
	backends, err := loadbalancer.NewBackendsTable(db)
	if err != nil {
		return nil, nil, nil, err
	}
	txn := db.WriteTxn(services, backends)
	defer txn.Abort()
	for i, data := range raw {
		var head struct {
			Kind string `json:"kind"`
		}
		if err := json.Unmarshal(data, &head); err != nil {
			return nil, nil, nil, fmt.Errorf("services[%d]: %w", i, err)
		}
		switch head.Kind {
		case "Service":
			var object slim_corev1.Service
			if err := json.Unmarshal(data, &object); err != nil {
				return nil, nil, nil, fmt.Errorf("services[%d]: %w", i, err)
			}
			if object.Spec.Type == slim_corev1.ServiceTypeExternalName {
				continue // pkg/loadbalancer/reflectors/k8s.go: has no frontends, so it is not in the table
			}
			_, _, err = services.Insert(txn, &loadbalancer.Service{
				Name:     loadbalancer.NewServiceName(orDefault(object.Namespace), object.Name),
				Labels:   labels.Map2Labels(object.Labels, labels.LabelSourceK8s),
				Selector: object.Spec.Selector,
				Source:   source.Kubernetes,
			})
		case "EndpointSlice":
			var object discoveryv1.EndpointSlice
			if err := json.Unmarshal(data, &object); err != nil {
				return nil, nil, nil, fmt.Errorf("services[%d]: %w", i, err)
			}
			err = insertBackends(txn, backends, &object)
		default:
			err = fmt.Errorf("kind %q is not one of Service, EndpointSlice", head.Kind)
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("services[%d]: %w", i, err)
		}
	}
	txn.Commit()
	return db, services, backends, nil
}

func insertBackends(txn statedb.WriteTxn, backends statedb.RWTable[*loadbalancer.Backend], slice *discoveryv1.EndpointSlice) error {
	name := loadbalancer.NewServiceName(orDefault(slice.Namespace), slice.Labels[discoveryv1.LabelServiceName])
	for _, endpoint := range slice.Endpoints {
		for _, text := range endpoint.Addresses {
			ip, err := netip.ParseAddr(text)
			if err != nil {
				return err
			}
			_, _, err = backends.Insert(txn, &loadbalancer.Backend{
				ServiceName: name,
				Address:     loadbalancer.NewL3n4Addr(loadbalancer.TCP, cmtypes.AddrClusterFrom(ip, 0), 1, loadbalancer.ScopeExternal),
				Source:      source.Kubernetes,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// enabledClientset says that Kubernetes is there; nothing else of it is asked.
type enabledClientset struct{ client.Clientset }

func (enabledClientset) IsEnabled() bool { return true }

// collector stands where the policy importer and the ipcache stand in the agent, and keeps what they are given.
type collector struct {
	lock     sync.Mutex
	done     bool
	imported imported
	byID     map[ipcacheTypes.ResourceID]int
}

func (c *collector) UpdatePolicy(update *policytypes.PolicyUpdate) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.done {
		return // a second pass over toServices, of the watcher's service stream: the first saw the same services
	}
	if c.byID == nil {
		c.byID = map[ipcacheTypes.ResourceID]int{}
	}
	if at, known := c.byID[update.Resource]; known {
		c.imported.updates[at] = update
		return
	}
	c.byID[update.Resource] = len(c.imported.updates)
	c.imported.updates = append(c.imported.updates, update)
}

func (c *collector) UpsertMetadataBatch(updates ...ipcache.MU) uint64 {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.imported.groupPrefixes = append(c.imported.groupPrefixes, updates...)
	return 0
}

func (c *collector) RemoveMetadataBatch(...ipcache.MU) uint64      { return 0 }
func (c *collector) WaitForRevision(context.Context, uint64) error { return nil }

func (c *collector) refuse(object invalidObject) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.imported.invalid = append(c.imported.invalid, object)
}

func (c *collector) has(kind, namespace, name string) bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	resourceKinds := map[string]ipcacheTypes.ResourceKind{
		"CiliumNetworkPolicy":            ipcacheTypes.ResourceKindCNP,
		"CiliumClusterwideNetworkPolicy": ipcacheTypes.ResourceKindCCNP,
		"NetworkPolicy":                  ipcacheTypes.ResourceKindNetpol,
	}
	_, known := c.byID[ipcacheTypes.NewResourceID(resourceKinds[kind], namespace, name)]
	return known
}

func (c *collector) finish() *imported {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.done = true
	sort.Slice(c.imported.invalid, func(i, j int) bool {
		a, b := c.imported.invalid[i], c.imported.invalid[j]
		return a.Kind+"/"+a.Namespace+"/"+a.Name < b.Kind+"/"+b.Namespace+"/"+b.Name
	})
	return &c.imported
}

// object is what all watched kinds have.
type object interface {
	runtime.Object
	GetNamespace() string
	GetName() string
}

// objectSource plays a kind's objects to the watcher once and then says that it is in sync.
type objectSource[T object] struct {
	resource.Resource[T]
	kind      string
	objects   []T
	collector *collector
	synced    chan struct{}
}

func newSource[T object](kind string, objects []T, c *collector) *objectSource[T] {
	return &objectSource[T]{kind: kind, objects: objects, collector: c, synced: make(chan struct{})}
}

func (s *objectSource[T]) Events(context.Context, ...resource.EventsOpt) <-chan resource.Event[T] {
	events := make(chan resource.Event[T], len(s.objects)+1)
	for _, o := range s.objects {
		events <- resource.Event[T]{
			Kind:   resource.Upsert,
			Key:    resource.Key{Namespace: o.GetNamespace(), Name: o.GetName()},
			Object: o,
			Done:   func(err error) { s.report(o, err) },
		}
	}
	events <- resource.Event[T]{Kind: resource.Sync, Done: func(error) { close(s.synced) }}
	close(events)
	return events
}

// report takes down an object that the watcher refused, or that it passed over in silence because the operator is to
// write another in its place (toGroups): that one is not in the scenario, so nothing of the object is enforced.
func (s *objectSource[T]) report(o T, err error) {
	refused := invalidObject{Kind: s.kind, Namespace: o.GetNamespace(), Name: o.GetName()}
	switch {
	case err != nil:
		refused.Error = err.Error()
	case s.kind != "CiliumCIDRGroup" && !s.collector.has(s.kind, o.GetNamespace(), o.GetName()):
		refused.Error = "not imported: a rule with toGroups or fromGroups needs a derivative policy of the operator's"
	default:
		return
	}
	s.collector.refuse(refused)
}

func (s *objectSource[T]) wait(ctx context.Context) error {
	if !isWatched(s.kind) {
		return nil
	}
	select {
	case <-s.synced:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", s.kind, ctx.Err())
	}
}
