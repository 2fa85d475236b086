"""What a change does to a stack, found by rendering it twice offline: as it is here, and as a git ref has it."""
