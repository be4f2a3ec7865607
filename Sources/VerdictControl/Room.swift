// VerdictControl
