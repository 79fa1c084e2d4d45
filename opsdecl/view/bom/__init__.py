"""Bills of materials in CycloneDX."""
