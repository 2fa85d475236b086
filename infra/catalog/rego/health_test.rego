package system.health_test

import data.system.health

catalog := {"datasets": {"a": {}}, "roles": {"r": {}}, "tenants": {"t": {}}, "classes": {"c": {}}}

test_it_is_alive_whatever_it_knows if health.live

test_it_is_ready_with_a_whole_catalog if ready_with(catalog)

test_it_is_not_ready_without_one if {
	not health.ready
	every key in object.keys(catalog) {
		part := object.remove(catalog, [key])
		not ready_with(part)
	}
	not ready_with(json.patch(catalog, [{"op": "replace", "path": "/datasets", "value": {}}]))
}

ready_with(part) if health.ready with data.catalog as part
