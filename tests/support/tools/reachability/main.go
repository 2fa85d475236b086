// Command reachability says which connections a set of Kubernetes NetworkPolicies allows, by the matcher of cyclonus.
//
// It reads one JSON document from standard input: the policies, a list of peers and a list of ports. It writes one
// line to standard output for each pair of peers, with a 1 (allowed) or a 0 (refused) for each port.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

type peer struct {
	Namespace       string            `json:"namespace"`
	NamespaceLabels map[string]string `json:"namespaceLabels"`
	Labels          map[string]string `json:"labels"`
	IP              string            `json:"ip"`
}

type port struct {
	Number   int    `json:"number"`
	Protocol string `json:"protocol"`
}

type question struct {
	Policies []*networkingv1.NetworkPolicy `json:"policies"`
	Peers    []peer                        `json:"peers"`
	Ports    []port                        `json:"ports"`
}

// traffic makes a peer as the matcher knows it: one without a namespace is outside the cluster.
func (p peer) traffic() *matcher.TrafficPeer {
	if p.Namespace == "" {
		return &matcher.TrafficPeer{IP: p.IP}
	}
	return &matcher.TrafficPeer{
		IP: p.IP,
		Internal: &matcher.InternalPeer{
			PodLabels: p.Labels, NamespaceLabels: p.NamespaceLabels, Namespace: p.Namespace,
		},
	}
}

func main() {
	var asked question
	decoder := json.NewDecoder(bufio.NewReader(os.Stdin))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, "reachability: the question on standard input is not readable:", err)
		os.Exit(2)
	}
	policy := matcher.BuildNetworkPolicies(false, asked.Policies)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, source := range asked.Peers {
		for _, destination := range asked.Peers {
			for _, p := range asked.Ports {
				verdict := policy.IsTrafficAllowed(&matcher.Traffic{
					Source: source.traffic(), Destination: destination.traffic(),
					ResolvedPort: p.Number, Protocol: v1.Protocol(p.Protocol),
				})
				if verdict.IsAllowed() {
					fmt.Fprint(out, "1")
				} else {
					fmt.Fprint(out, "0")
				}
			}
			fmt.Fprintln(out)
		}
	}
}
