//go:build tools

// Package tools pins the program that the benchmark of policies is compared with.
package tools

import _ "github.com/open-policy-agent/conftest"
