// VerdictHTTP2
