# METADATA
# title: Health of the policy engine
# description: Alive when it answers at all; ready only with a catalog to decide by
package system.health

live := true

default ready := false

ready if {
	count(data.catalog.datasets) > 0
	count(data.catalog.roles) > 0
	count(data.catalog.classes) > 0
	count(data.catalog.tenants) > 0
}
