//go:build tools

// Package tools pins Velero and its plugin for S3, which the sandbox builds from this module.
package tools

import (
	_ "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws"
	_ "github.com/vmware-tanzu/velero/cmd/velero"
)
