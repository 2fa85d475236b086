# METADATA
# title: Access to the policy engine itself
# description: >-
#   Known callers may ask for one decision; probes and the metrics scraper may read how the server is. Nothing else is
#   served: no other document, no query, no change of policy or data, no explanation that would show the data.
package system.authz

default allow := false

allow if {
	input.method == "GET"
	input.path in [["health", "live"], ["health", "ready"], ["metrics"]]
}

allow if {
	input.method == "POST"
	input.path == ["v1", "data", "platform", "access", "decision"]
	count(input.params) == 0
	known_caller
}

# Each caller has a token of its own, in a variable of the server's environment that is named after the caller.
known_caller if {
	some name, token in opa.runtime().env
	startswith(name, "OPA_TOKEN_")
	count(token) >= 32
	crypto.hmac.equal(input.identity, token)
}
