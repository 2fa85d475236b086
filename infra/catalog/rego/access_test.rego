package platform.access_test

import data.platform.access

catalog := {
	"sharedTenant": "platform",
	"classes": {
		"public": {"level": "public"},
		"internal": {"level": "internal"},
		"pii.email": {"level": "pii"},
		"pii.ssn": {"level": "pii"},
	},
	"tenants": {
		"platform": {"clearance": ["public", "internal", "confidential", "pii"]},
		"desk": {"clearance": ["public", "internal"]},
		"guest": {"clearance": ["public"]},
	},
	"roles": {
		"steward": {
			"order": 0,
			"rows": "all",
			"writes": false,
			"purposes": ["stewardship"],
			"treatments": {"public": "clear", "internal": "clear", "pii.email": "clear", "pii.ssn": "clear"},
			"detokenizes": ["pii.email"],
		},
		"service": {
			"order": 1,
			"rows": "all",
			"writes": true,
			"purposes": ["operation"],
			"treatments": {"public": "clear", "pii.email": "tokenized"},
			"detokenizes": [],
		},
		"analyst": {
			"order": 2,
			"rows": "entitled",
			"writes": false,
			"purposes": ["analysis"],
			"treatments": {"public": "clear", "internal": "clear", "pii.email": "masked", "pii.ssn": "masked"},
			"detokenizes": [],
		},
		"partner": {
			"order": 3,
			"rows": "entitled",
			"writes": false,
			"purposes": ["sharing"],
			"treatments": {"public": "clear", "internal": "clear", "pii.email": "tokenized"},
			"detokenizes": [],
		},
	},
	"datasets": {
		"people": {
			"tenant": "platform",
			"columns": {"id": "internal", "tenant_id": "public", "email": "pii.email", "ssn": "pii.ssn"},
			"rowFilter": {"column": "tenant_id", "scope": "tenant"},
		},
		"prices": {
			"tenant": "platform",
			"columns": {"iso": "public", "lmp": "public"},
			"rowFilter": {"column": "iso", "scope": "iso"},
		},
		"positions": {"tenant": "desk", "columns": {"book": "internal"}, "rowFilter": null},
		"mails": {"tenant": "platform", "columns": {"email": "pii.email"}, "rowFilter": null},
		"secrets": {"tenant": "platform", "columns": {"ssn": "pii.ssn"}, "rowFilter": null},
	},
}

analyst := {"roles": ["analyst"], "tenant": "desk", "action": "read", "dataset": "people", "purpose": "analysis"}

steward := {
	"roles": ["steward"], "tenant": "platform", "action": "read", "dataset": "people", "purpose": "stewardship",
}

ask(question) := answer if {
	answer := access.decision with input as question with data.catalog as catalog
}

refused(question, reason) if {
	answer := ask(question)
	answer.allow == false
	answer.role == null
	answer.columns == {}
	answer.row_filter == null
	reason in answer.reasons
}

with_fields(question, fields) := object.union(question, fields)

test_an_analyst_sees_masks_of_the_own_tenants_rows if {
	ask(analyst) == {
		"allow": true,
		"role": "analyst",
		"columns": {"id": "clear", "tenant_id": "clear", "email": "masked", "ssn": "masked"},
		"row_filter": {"column": "tenant_id", "scope": "tenant", "values": ["desk"]},
		"reasons": [],
	}
}

test_a_steward_sees_all_rows_clear if {
	answer := ask(steward)
	answer.columns == {"id": "clear", "tenant_id": "clear", "email": "clear", "ssn": "clear"}
	answer.row_filter == null
}

test_a_partner_sees_tokens_and_what_it_is_cleared_for if {
	answer := ask(with_fields(analyst, {"roles": ["partner"], "tenant": "guest", "purpose": "sharing"}))
	answer.columns == {"id": "hidden", "tenant_id": "clear", "email": "tokenized", "ssn": "hidden"}
}

test_only_the_columns_that_were_asked_for_are_answered if {
	ask(with_fields(analyst, {"columns": ["email"]})).columns == {"email": "masked"}
}

test_clear_content_above_the_tenants_clearance_is_hidden if {
	ask(with_fields(steward, {"tenant": "guest", "columns": ["id", "email"]})).allow == false
	answer := ask(with_fields(steward, {"tenant": "desk"}))
	answer.columns == {"id": "clear", "tenant_id": "clear", "email": "hidden", "ssn": "hidden"}
}

test_of_several_roles_the_first_one_that_fits_the_purpose_counts if {
	both := with_fields(analyst, {"roles": ["analyst", "steward"], "tenant": "platform"})
	ask(both).role == "analyst"
	ask(with_fields(both, {"purpose": "stewardship"})).role == "steward"
	widened := json.patch(catalog, [{"op": "add", "path": "/roles/steward/purposes/-", "value": "analysis"}])
	answer := access.decision with input as both with data.catalog as widened
	answer.role == "steward"
}

test_rows_are_filtered_by_the_isos_that_the_reader_has if {
	prices := with_fields(analyst, {"dataset": "prices"})
	ask(prices).row_filter == {"column": "iso", "scope": "iso", "values": []}
	ask(with_fields(prices, {"isos": ["SPP", "MISO"]})).row_filter.values == ["MISO", "SPP"]
}

test_an_own_dataset_without_a_filter_has_no_row_filter if {
	ask(with_fields(analyst, {"dataset": "positions"})).row_filter == null
}

test_only_a_role_that_writes_may_write if {
	refused(with_fields(analyst, {"action": "write"}), "none of the roles may write for analysis")
	loader := {"roles": ["service"], "tenant": "platform", "action": "write", "dataset": "people", "purpose": "operation"}
	ask(loader).allow == true
}

test_tokens_are_turned_back_for_all_named_columns_or_none if {
	question := with_fields(steward, {"action": "detokenize", "columns": ["email"]})
	ask(question).columns == {"email": "clear"}
	reason := "role steward may not detokenize all of these columns; name those that it may"
	refused(with_fields(question, {"columns": ["email", "ssn"]}), reason)
	refused(with_fields(question, {"columns": [], "dataset": "mails"}), reason)
	refused(with_fields(question, {"tenant": "desk"}), reason)
	refused(with_fields(analyst, {"action": "detokenize"}), "none of the roles may detokenize for analysis")
}

test_what_is_not_known_is_refused_by_name if {
	refused(with_fields(analyst, {"dataset": "nothing"}), "there is no dataset nothing")
	refused(with_fields(analyst, {"tenant": "nobody"}), "there is no tenant nobody")
	refused(with_fields(analyst, {"columns": ["id", "phone"]}), "dataset people has no column phone")
	refused(with_fields(analyst, {"roles": ["root"]}), "none of the roles may read for analysis")
	refused(with_fields(analyst, {"roles": []}), "none of the roles may read for analysis")
	refused(with_fields(analyst, {"purpose": "curiosity"}), "none of the roles may read for curiosity")
}

test_nothing_is_allowed_with_what_is_not_known if {
	every action, roles in {"read": ["analyst"], "detokenize": ["steward"], "write": ["service"]} {
		every field in ["dataset", "tenant"] {
			every purpose in ["analysis", "stewardship", "operation"] {
				question := with_fields(analyst, {
					"action": action, "roles": roles, "purpose": purpose, "columns": ["email"], field: "unknown",
				})
				ask(question).allow == false
			}
		}
	}
}

test_another_tenants_dataset_is_refused if {
	question := with_fields(analyst, {"dataset": "positions", "tenant": "guest"})
	refused(question, "dataset positions belongs to another tenant")
	refused(with_fields(question, {"tenant": "platform"}), "dataset positions belongs to another tenant")
}

test_a_dataset_of_which_a_role_sees_nothing_is_refused if {
	question := with_fields(analyst, {"roles": ["partner"], "purpose": "sharing", "dataset": "secrets"})
	refused(question, "role partner may not read any of these columns")
}

test_ill_formed_questions_are_refused if {
	reason := "roles, tenant, action, dataset and purpose are needed, and columns and isos are lists of names"
	every question in [
		{},
		"text",
		null,
		[],
		with_fields(analyst, {"roles": "analyst"}),
		with_fields(analyst, {"roles": [1]}),
		with_fields(analyst, {"tenant": null}),
		with_fields(analyst, {"action": "drop"}),
		with_fields(analyst, {"dataset": {"people": true}}),
		with_fields(analyst, {"purpose": ["analysis"]}),
		with_fields(analyst, {"columns": "email"}),
		with_fields(analyst, {"columns": [["email"]]}),
		with_fields(analyst, {"columns": null}),
		with_fields(analyst, {"isos": "SPP"}),
	] {
		refused(question, reason)
	}
}

test_without_a_catalog_everything_is_refused if {
	answer := access.decision with input as analyst
	answer.allow == false
	broken := access.decision with input as analyst with data.catalog as {"datasets": catalog.datasets}
	broken.allow == false
}

test_a_treatment_that_nobody_knows_hides if {
	changed := json.patch(catalog, [{"op": "replace", "path": "/roles/analyst/treatments/pii.email", "value": "cleartext"}])
	answer := access.decision with input as analyst with data.catalog as changed
	answer.columns.email == "hidden"
}

test_rows_that_nobody_can_filter_are_refused if {
	changed := json.patch(catalog, [{"op": "replace", "path": "/datasets/people/rowFilter/scope", "value": "moon"}])
	answer := access.decision with input as analyst with data.catalog as changed
	answer.allow == false
}

test_the_column_that_filters_the_rows_is_clear_and_opens_nothing_else if {
	every class in ["pii.email", "pii.ssn", "unheard-of"] {
		changed := json.patch(catalog, [{"op": "replace", "path": "/datasets/people/columns/tenant_id", "value": class}])
		answer := access.decision with input as analyst with data.catalog as changed
		answer.columns == {"id": "clear", "tenant_id": "clear", "email": "masked", "ssn": "masked"}
		all_rows := access.decision with input as with_fields(steward, {"tenant": "desk"}) with data.catalog as changed
		all_rows.columns.tenant_id == "hidden"
	}
}

test_a_dataset_of_which_only_the_filter_would_be_clear_is_refused if {
	removed := [{"op": "replace", "path": "/datasets/people/columns", "value": {"tenant_id": "internal", "id": "internal"}}]
	changed := json.patch(catalog, removed)
	question := with_fields(analyst, {"tenant": "guest"})
	answer := access.decision with input as question with data.catalog as changed
	answer.reasons == ["role analyst may not read any of these columns"]
}
