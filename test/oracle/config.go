package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/viper"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/defaults"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// The agent logs every import; nobody reads that here.
var quiet = slog.New(slog.DiscardHandler)

// lastLabels is the `labels` option that the label filter, a global of Cilium's, was last made from.
var lastLabels *string

// configure sets Cilium's global configuration from the data of ConfigMap cilium-config: the agent mounts it as a
// folder of files and reads each through viper (pkg/option/config.go: ReadDirConfig, Populate), so that is how the
// strings are read here. Defaults are those of the agent's flags (daemon/cmd/daemon_main.go). A value that the agent
// would not start with is an error.
func configure(config map[string]string) (cmtypes.PolicyConfig, error) {
	vp := viper.New()
	vp.SetDefault(option.EnablePolicy, option.DefaultEnforcement)
	vp.SetDefault(option.AllowLocalhost, option.AllowLocalhostAuto)
	vp.SetDefault(option.EnableIPv4Name, defaults.EnableIPv4)
	vp.SetDefault(option.EnableIPv6Name, defaults.EnableIPv6)
	vp.SetDefault(option.EnableL7Proxy, defaults.EnableL7Proxy)
	vp.SetDefault(option.EnableICMPRules, defaults.EnableICMPRules)
	vp.SetDefault(option.EnableK8sNetworkPolicy, defaults.EnableK8sNetworkPolicy)
	vp.SetDefault(option.EnableCiliumNetworkPolicy, defaults.EnableCiliumNetworkPolicy)
	vp.SetDefault(option.EnableCiliumClusterwideNetworkPolicy, defaults.EnableCiliumClusterwideNetworkPolicy)
	vp.SetDefault(option.EnableNonDefaultDenyPolicies, defaults.EnableNonDefaultDenyPolicies)
	vp.SetDefault(cmtypes.OptClusterName, defaults.ClusterName)
	vp.SetDefault("policy-default-local-cluster", cmtypes.DefaultPolicyConfig.PolicyDefaultLocalCluster)
	for key, value := range config {
		vp.Set(key, strings.TrimSpace(value))
	}

	c := option.Config
	c.EnableIPv4 = vp.GetBool(option.EnableIPv4Name)
	c.EnableIPv6 = vp.GetBool(option.EnableIPv6Name)
	c.EnableL7Proxy = vp.GetBool(option.EnableL7Proxy)
	c.EnableHostFirewall = vp.GetBool(option.EnableHostFirewall)
	c.PolicyAuditMode = vp.GetBool(option.PolicyAuditModeArg)
	c.EnableICMPRules = vp.GetBool(option.EnableICMPRules)
	c.EnableK8sNetworkPolicy = vp.GetBool(option.EnableK8sNetworkPolicy)
	c.EnableCiliumNetworkPolicy = vp.GetBool(option.EnableCiliumNetworkPolicy)
	c.EnableCiliumClusterwideNetworkPolicy = vp.GetBool(option.EnableCiliumClusterwideNetworkPolicy)
	c.EnableNonDefaultDenyPolicies = vp.GetBool(option.EnableNonDefaultDenyPolicies)
	c.EnableExtendedIPProtocols = vp.GetBool(option.EnableExtendedIPProtocols)
	c.ClusterName = vp.GetString(cmtypes.OptClusterName)
	// Any word that is neither always nor never is the default to the agent (pkg/policy/repository.go).
	c.EnablePolicy = strings.ToLower(vp.GetString(option.EnablePolicy))
	c.AllowLocalhost = strings.ToLower(vp.GetString(option.AllowLocalhost))

	switch c.AllowLocalhost {
	case option.AllowLocalhostAuto:
		// daemon/cmd/daemon.go: under Kubernetes, "auto" means "always".
		c.AllowLocalhost = option.AllowLocalhostAlways
	case option.AllowLocalhostAlways, option.AllowLocalhostPolicy:
	default:
		return cmtypes.PolicyConfig{}, fmt.Errorf("allow-localhost is %q: the agent takes auto, always or policy", c.AllowLocalhost)
	}
	if vp.GetString(option.LabelPrefixFile) != "" {
		return cmtypes.PolicyConfig{}, fmt.Errorf("label-prefix-file is not modelled here")
	}
	// Both give nodes an identity of their own each, which this program does not allocate.
	if vp.GetBool(option.EnableNodeSelectorLabels) {
		return cmtypes.PolicyConfig{}, fmt.Errorf("enable-node-selector-labels is not modelled here")
	}
	if len(vp.GetStringSlice(option.PolicyCIDRMatchMode)) > 0 {
		return cmtypes.PolicyConfig{}, fmt.Errorf("policy-cidr-match-mode is not modelled here")
	}

	policy.SetPolicyEnabled(c.EnablePolicy)
	api.InitEntities(c.ClusterName)
	prefixes := vp.GetStringSlice(option.Labels)
	if joined := strings.Join(prefixes, " "); lastLabels == nil || *lastLabels != joined {
		lastLabels = nil
		if err := labelsfilter.ParseLabelPrefixCfg(quiet, prefixes, nil, ""); err != nil {
			return cmtypes.PolicyConfig{}, fmt.Errorf("labels: %w", err)
		}
		lastLabels = &joined
	}
	return cmtypes.PolicyConfig{PolicyDefaultLocalCluster: vp.GetBool("policy-default-local-cluster")}, nil
}
