// VerdictServer
