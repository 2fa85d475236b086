//go:build tools

// Package tools pins the message server that the sandbox builds from this module.
package tools

import _ "github.com/nats-io/nats-server/v2"
