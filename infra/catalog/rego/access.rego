# METADATA
# title: Access to data
# description: >-
#   Whether a reader may do what it asks for with a dataset, how each column looks to it and which rows it gets.
#   What no rule allows is refused: an unknown name, an ill-formed question and a missing catalog all end there.
package platform.access

import data.catalog

# METADATA
# description: What is answered when nothing else can be said
default decision := {
	"allow": false,
	"role": null,
	"columns": {},
	"row_filter": null,
	"reasons": ["the question or the catalog cannot be understood"],
}

# METADATA
# description: The answer to input, which has roles, tenant, action, dataset and purpose, and may have columns and isos
# entrypoint: true
decision := {
	"allow": true,
	"role": role_name,
	"columns": columns,
	"row_filter": row_filter,
	"reasons": [],
} if {
	allow
} else := {
	"allow": false,
	"role": null,
	"columns": {},
	"row_filter": null,
	"reasons": sort(reasons),
} if {
	count(reasons) > 0
}

default allow := false

allow if {
	well_formed
	is_array(clearance)
	not foreign
	count(unknown_columns) == 0
	sufficient
	row_filter_known
}

actions := {"read", "write", "detokenize"}

shown := {"clear", "masked", "tokenized"}

well_formed if {
	is_array(input.roles)
	every name in input.roles {
		is_string(name)
	}
	is_string(input.tenant)
	input.action in actions
	is_string(input.dataset)
	is_string(input.purpose)
	is_array(asked)
	every column in asked {
		is_string(column)
	}
	is_array(isos)
	every iso in isos {
		is_string(iso)
	}
}

# A list that is left out is empty; asking for no column by name is asking for all of them.
asked := object.get(input, "columns", [])

isos := object.get(input, "isos", [])

dataset := catalog.datasets[input.dataset]

clearance := catalog.tenants[input.tenant].clearance

# A reader with several roles acts in the first one, as the catalog orders them, that may do this for this purpose.
role_name := [name |
	some name in catalog.precedence
	name in input.roles
	entitled(catalog.roles[name])
][0]

role := catalog.roles[role_name]

entitled(candidate) if {
	input.purpose in candidate.purposes
	permits(candidate)
}

permits(_) if input.action == "read"

permits(candidate) if {
	input.action == "write"
	candidate.writes == true
}

permits(candidate) if {
	input.action == "detokenize"
	count(candidate.detokenizes) > 0
}

foreign if not dataset.tenant in {catalog.shared_tenant, input.tenant}

default row_filter_known := false

row_filter_known if row_filter != "unknown"

default row_filter := "unknown"

row_filter := null if role.rows == "all"

row_filter := null if {
	role.rows == "entitled"
	dataset.row_filter == null
}

row_filter := object.union(dataset.row_filter, {"values": [input.tenant]}) if {
	role.rows == "entitled"
	dataset.row_filter.scope == "tenant"
}

row_filter := object.union(dataset.row_filter, {"values": sort(isos)}) if {
	role.rows == "entitled"
	dataset.row_filter.scope == "iso"
}

names := {name | some name in asked} if count(asked) > 0

names := object.keys(dataset.columns) if count(asked) == 0

unknown_columns := {name |
	some name in names
	not name in object.keys(dataset.columns)
}

columns := {name: treatment(dataset.columns[name]) |
	some name in names
}

# Clear content needs the tenant's clearance for its level; a mask or a token of it does not.
treatment(class) := "clear" if {
	wanted(class) == "clear"
	catalog.levels[class] in clearance
} else := wanted(class) if {
	wanted(class) in shown
	wanted(class) != "clear"
} else := "hidden"

wanted(class) := "clear" if {
	input.action == "detokenize"
	class in role.detokenizes
}

wanted(class) := role.treatments[class] if input.action != "detokenize"

sufficient if {
	input.action != "detokenize"
	some treatment in columns
	treatment in shown
}

# Tokens are turned back for the columns that were named, all of them or none.
sufficient if {
	input.action == "detokenize"
	count(asked) > 0
	every treatment in columns {
		treatment == "clear"
	}
}

reasons contains "roles, tenant, action, dataset and purpose are needed, and columns and isos are lists of names" if {
	not well_formed
}

reasons contains sprintf("there is no dataset %v", [input.dataset]) if {
	well_formed
	not catalog.datasets[input.dataset]
}

reasons contains sprintf("there is no tenant %v", [input.tenant]) if {
	well_formed
	not catalog.tenants[input.tenant]
}

reasons contains sprintf("dataset %v belongs to another tenant", [input.dataset]) if {
	well_formed
	dataset
	foreign
}

reasons contains sprintf("dataset %v has no column %v", [input.dataset, name]) if {
	well_formed
	some name in unknown_columns
}

reasons contains sprintf("none of the roles may %v for %v", [input.action, input.purpose]) if {
	well_formed
	not role_name
}

reasons contains sprintf("role %v may not %v any of these columns", [role_name, input.action]) if {
	well_formed
	clearance
	count(unknown_columns) == 0
	input.action != "detokenize"
	not sufficient
}

reasons contains sprintf("role %v may not detokenize all of these columns; name those that it may", [role_name]) if {
	well_formed
	clearance
	count(unknown_columns) == 0
	input.action == "detokenize"
	not sufficient
}
