//go:build tools

// Package tools pins the program that rendered stacks are held against.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
