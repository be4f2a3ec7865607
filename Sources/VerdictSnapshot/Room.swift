// VerdictSnapshot
