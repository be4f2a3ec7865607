// VerdictCrypto
