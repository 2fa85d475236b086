"""Policy packs: one rule, asked at preview, in the embedded engine, on files and at admission."""
