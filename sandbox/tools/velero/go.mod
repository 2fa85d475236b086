module sandbox/tools/velero

go 1.25.7

require github.com/vmware-tanzu/velero v1.18.1

require github.com/vmware-tanzu/velero-plugin-for-aws v1.14.3

replace (
	github.com/kopia/kopia => github.com/project-velero/kopia v0.0.0-20251230033609-d946b1e75197
	k8s.io/cli-runtime => k8s.io/cli-runtime v0.33.10
	k8s.io/kube-aggregator => k8s.io/kube-aggregator v0.33.12
	k8s.io/kubectl => k8s.io/kubectl v0.33.12
)
