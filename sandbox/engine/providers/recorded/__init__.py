"""Resource types that no emulator serves: inputs checked against published schemas, outputs made from the URN."""
