package system.authz_test

import data.system.authz

token := "0123456789abcdef0123456789abcdef"

server := {"env": {"OPA_TOKEN_DESK": token, "PATH": token, "OPA_TOKEN_SHORT": "short", "OPA_TOKEN_EMPTY": ""}}

question := {
	"method": "POST",
	"path": ["v1", "data", "platform", "access", "decision"],
	"params": {},
	"identity": token,
}

allowed(request) if authz.allow with input as request with opa.runtime as server

changed(fields) := object.union(question, fields)

test_a_caller_with_a_token_may_ask_for_the_decision if allowed(question)

test_nobody_else_may if {
	not allowed(changed({"identity": "wrong"}))
	not allowed(changed({"identity": "short"}))
	not allowed(changed({"identity": ""}))
	not allowed(object.remove(question, ["identity"]))
	without := authz.allow with input as question with opa.runtime as {"env": {"PATH": token}}
	without == false
}

test_no_other_document_method_or_parameter_is_served if {
	every request in [
		changed({"method": "GET"}),
		changed({"method": "PUT"}),
		changed({"method": "PATCH"}),
		changed({"method": "DELETE"}),
		changed({"path": ["v1", "data"]}),
		changed({"path": ["v1", "data", "catalog"]}),
		changed({"path": ["v1", "data", "platform", "access", "allow"]}),
		changed({"path": ["v0", "data", "platform", "access", "decision"]}),
		changed({"path": ["v1", "query"]}),
		changed({"path": ["v1", "compile"]}),
		changed({"path": ["v1", "config"]}),
		changed({"path": ["v1", "policies", "access.rego"], "method": "PUT"}),
		changed({"path": []}),
		changed({"params": {"explain": ["full"]}}),
		{},
	] {
		not allowed(request)
	}
}

test_probes_and_metrics_need_no_token if {
	every path in [["health", "live"], ["health", "ready"], ["metrics"]] {
		allowed({"method": "GET", "path": path, "params": {}})
		not allowed({"method": "POST", "path": path, "params": {}})
	}
}
