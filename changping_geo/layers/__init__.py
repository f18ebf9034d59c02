"""Read a source, bring it to the canonical layer, keep the ledger."""
