// VerdictSystem
