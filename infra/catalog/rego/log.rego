# METADATA
# title: Decision log
# description: >-
#   What is logged of a question: the fields that decisions are made from, as far as they are names, and who asked, as
#   far as that is an identifier. Everything else that a caller may have sent is erased, since it may be personal data.
package system.log

single := {"tenant", "action", "dataset", "purpose"}

several := {"roles", "columns", "isos"}

mask contains "/input" if not is_object(input.input)

mask contains pointer if {
	is_object(input.input)
	some field, value in input.input
	not kept(field, value)
	pointer := sprintf("/input/%s", [replace(replace(field, "~", "~0"), "/", "~1")])
}

# Reasons repeat what was asked about.
mask contains "/result/reasons" if {
	some field, value in input.input
	not kept(field, value)
}

kept(field, value) if {
	field in single
	name(value)
}

kept(field, values) if {
	field in several
	is_array(values)
	every value in values {
		name(value)
	}
}

kept("subject", value) if {
	is_string(value)
	regex.match(`^[A-Za-z0-9._-]{1,128}$`, value)
	regex.match(`[A-Za-z]`, value)
}

# Names of the catalog have letters, and no digits enough for a number that stands for a person.
name(value) if {
	is_string(value)
	regex.match(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`, value)
	not regex.match(`[0-9]{5}`, value)
}
