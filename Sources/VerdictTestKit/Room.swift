// VerdictTestKit
