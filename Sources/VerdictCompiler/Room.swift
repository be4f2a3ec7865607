// VerdictCompiler
