from policies.pack import Pack

PACK = Pack(
    name="workloads",
    description="What runs is confined, measured, probed, owned and of a known version.",
    rules={
        "POD-001": "workloads/require_resources",
        "POD-002": "workloads/require_probes",
        "POD-003": "workloads/require_non_root",
        "POD-004": "workloads/require_read_only_root",
        "POD-005": "workloads/disallow_privilege_escalation",
        "POD-006": "workloads/limit_capabilities",
        "POD-007": "workloads/require_seccomp",
        "POD-008": "workloads/disallow_latest_tag",
        "POD-009": "workloads/require_labels",
        "POD-010": "workloads/disallow_host_namespaces",
        "POD-011": "workloads/disallow_host_paths",
        "POD-012": "workloads/disallow_host_ports",
        "POD-013": "workloads/limit_apparmor_profiles",
        "POD-014": "workloads/limit_selinux_options",
        "POD-015": "workloads/disallow_unmasked_proc",
        "POD-016": "workloads/limit_sysctls",
        "POD-017": "workloads/disallow_probe_hosts",
        "POD-018": "workloads/limit_volume_types",
        "POD-019": "workloads/disallow_added_capabilities",
    },
)
"""The pack `workloads`."""
