// VerdictRPC
