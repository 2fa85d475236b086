# METADATA
# title: Access to data
# description: >-
#   Whether a reader may do what it asks for with a dataset, how each column looks to it and which rows it gets.
#   What no rule allows is refused: an unknown name, an ill-formed question and a missing catalog all end there.
#   A reason says what is missing; none of them opens anything.
package platform.access

import data.catalog

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
}

default allow := false

allow if {
	well_formed
	is_object(dataset)
	is_array(clearance)
	shared
	count(unknown_columns) == 0
	sufficient
	row_filter_known
}

actions := {"read", "write", "detokenize"}

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

# A reader with several roles acts in the first one, in the catalog's order, that may do this for this purpose.
role_name := first if {
	able := {candidate.order: name |
		some name in input.roles
		candidate := catalog.roles[name]
		entitled(candidate)
	}
	first := able[min(object.keys(able))]
}

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

shared if dataset.tenant in {catalog.sharedTenant, input.tenant}

default row_filter_known := false

row_filter_known if row_filter != "unknown"

default row_filter := "unknown"

row_filter := null if role.rows == "all"

row_filter := null if {
	role.rows == "entitled"
	dataset.rowFilter == null
}

row_filter := object.union(dataset.rowFilter, {"values": [input.tenant]}) if {
	role.rows == "entitled"
	dataset.rowFilter.scope == "tenant"
}

row_filter := object.union(dataset.rowFilter, {"values": sort(isos)}) if {
	role.rows == "entitled"
	dataset.rowFilter.scope == "iso"
}

names := {name | some name in asked} if count(asked) > 0

names := object.keys(dataset.columns) if count(asked) == 0

unknown_columns := {name |
	some name in names
	not name in object.keys(dataset.columns)
}

columns := {name: shown_as(name) |
	some name in names
}

# The column that a reader's rows are filtered by says only whom the reader belongs to.
shown_as(name) := "clear" if {
	input.action != "detokenize"
	role.rows == "entitled"
	name == dataset.rowFilter.column
} else := treatment(dataset.columns[name])

# Clear content needs the tenant's clearance for its level; a mask or a token of it does not.
treatment(class) := "clear" if {
	wanted(class) == "clear"
	catalog.classes[class].level in clearance
} else := wanted(class) if {
	wanted(class) in {"masked", "tokenized"}
} else := "hidden"

wanted(class) := "clear" if {
	input.action == "detokenize"
	class in role.detokenizes
}

wanted(class) := role.treatments[class] if input.action != "detokenize"

# A dataset of which a reader sees nothing by its role and clearance does not exist for it.
visible if {
	some class in dataset.columns
	treatment(class) != "hidden"
}

sufficient if {
	input.action != "detokenize"
	visible
	some look in columns
	look != "hidden"
}

# Tokens are turned back for the columns that were named, all of them or none.
sufficient if {
	input.action == "detokenize"
	count(columns) > 0
	count(asked) > 0
	every look in columns {
		look == "clear"
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
	not shared
}

reasons contains sprintf("dataset %v has no column %v", [input.dataset, name]) if {
	well_formed
	some name in unknown_columns
}

reasons contains sprintf("none of the roles may %v for %v", [input.action, input.purpose]) if {
	well_formed
	not role_name
}

reasons contains sprintf("role %v is not entitled to rows of dataset %v", [role_name, input.dataset]) if {
	well_formed
	clearance
	dataset
	not row_filter_known
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
