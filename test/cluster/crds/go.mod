// Where the custom resource definitions of the test control plane come from,
// pinned: only the YAML files of these modules are read, nothing is compiled.
module remediation.dev/test/cluster/crds

go 1.26.0

require (
	github.com/cilium/cilium v1.19.7
	github.com/fluxcd/helm-controller v1.6.1
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/notification-controller v1.9.2
	github.com/fluxcd/source-controller v1.9.6
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
