// VerdictClient
