//go:build tools

// Package tools pins the policy engine that the tests build from this module.
package tools

import _ "github.com/open-policy-agent/opa"
