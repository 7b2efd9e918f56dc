"""The `.internal` names: answered from the host's copy of the replicated state database."""
