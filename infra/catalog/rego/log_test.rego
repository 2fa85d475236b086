package system.log_test

import data.system.log

question := {
	"roles": ["analyst"],
	"tenant": "desk",
	"action": "read",
	"dataset": "people",
	"columns": ["email"],
	"purpose": "analysis",
	"isos": ["SPP"],
	"subject": "00u1a2b3-c4",
}

masked(fields) := mask if {
	mask := log.mask with input as {"input": object.union(question, fields)}
}

test_a_plain_question_is_logged_whole if masked({}) == set()

test_fields_that_no_decision_needs_are_erased if {
	masked({"email": "a@b.example", "a/b~c": 1}) == {"/input/email", "/input/a~1b~0c", "/result/reasons"}
	masked({"name": "ann"}) == {"/input/name", "/result/reasons"}
}

test_a_subject_that_could_be_personal_is_erased if {
	every subject in ["a@b.example", "078-05-1120", "4111 1111 1111 1111", "4111111111111111", "Ann Lee", 7, null] {
		masked({"subject": subject}) == {"/input/subject", "/result/reasons"}
	}
}

test_values_in_the_place_of_names_are_erased if {
	every value in ["a@b.example", "078-05-1120", "card4111111111111111", 4111111111111111, {"a": 1}, "", "two words"] {
		every field in ["tenant", "action", "dataset", "purpose"] {
			masked({field: value}) == {sprintf("/input/%s", [field]), "/result/reasons"}
		}
		every field in ["roles", "columns", "isos"] {
			masked({field: ["name", value]}) == {sprintf("/input/%s", [field]), "/result/reasons"}
			masked({field: value}) == {sprintf("/input/%s", [field]), "/result/reasons"}
		}
	}
}

test_an_object_in_the_place_of_a_list_is_erased if {
	every field in ["roles", "columns", "isos"] {
		changed := json.patch(question, [{"op": "replace", "path": sprintf("/%s", [field]), "value": {"a@b.example": "x"}}])
		mask := log.mask with input as {"input": changed}
		mask == {sprintf("/input/%s", [field]), "/result/reasons"}
	}
}

test_a_question_that_is_no_object_is_erased if {
	every value in ["a@b.example", 1, ["078-05-1120"], null] {
		mask := log.mask with input as {"input": value}
		"/input" in mask
	}
}
