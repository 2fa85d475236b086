# Six of the platform's rules, written for conftest as its documentation writes them.
package main

import rego.v1

pod := input.spec if input.kind == "Pod"

pod := input.spec.template.spec if input.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}

pod := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

containers contains container if some container in pod.containers

containers contains container if some container in pod.initContainers

# POD-001
deny contains msg if {
	some container in containers
	some section in ["requests", "limits"]
	some name in ["cpu", "memory"]
	not container.resources[section][name]
	msg := sprintf("%s has no resources.%s.%s", [container.name, section, name])
}

# POD-004
deny contains msg if {
	some container in containers
	not container.securityContext.readOnlyRootFilesystem
	msg := sprintf("%s can write to its root file system", [container.name])
}

# POD-005
deny contains msg if {
	some container in containers
	object.get(container, ["securityContext", "allowPrivilegeEscalation"], true)
	msg := sprintf("%s may gain more privileges", [container.name])
}

# POD-006
deny contains msg if {
	some container in containers
	not "ALL" in object.get(container, ["securityContext", "capabilities", "drop"], [])
	msg := sprintf("%s does not drop ALL capabilities", [container.name])
}

# POD-008
deny contains msg if {
	some container in containers
	not contains(container.image, "@")
	not regex.match(`:[^/:]+$`, container.image)
	msg := sprintf("%s has an image without a tag", [container.name])
}

# POD-010
deny contains msg if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pod[field]
	msg := sprintf("the pod sets %s", [field])
}
